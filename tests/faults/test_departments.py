"""What is reported under faults is what a door takes, and what it refuses is meant to be refused."""

from datetime import UTC, datetime

import pytest

from shared.contracts.reported.kinds import KINDS
from shared.decoding import Arrival, Received, decode
from tests.faults.departments import ORGS, SERVICES, Department
from tests.faults.thorough import Thorough


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("thorough", [False, True])
def test_a_department_s_events_are_by_their_contracts_but_for_those_that_are_to_be_refused(
    service: str, thorough: bool
) -> None:
    department = Thorough(service, "http", "f1.1") if thorough else Department(ORGS[0], service, "http", "f1.1")
    types = set()
    for event, body in department.batch(1_000):
        found = decode(Arrival(body, event.org_id), KINDS[service], datetime.now(UTC))
        if event.expected == "accepted":
            assert isinstance(found, Received), (body, found)
            types.add(found.type)
    assert not thorough or types == set(KINDS[service])
