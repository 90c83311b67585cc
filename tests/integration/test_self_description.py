"""What services say of themselves to programs is public, and is what the files and the code say."""

import aiohttp
import orjson
import pytest

from guichet.client import Services
from shared.contracts.reported.kinds import KINDS
from tests.conftest import ROOT
from tests.contracts.test_asyncapi import SERVICES, document, specification

DOORS = ("inventory", "feedback", "status")


@pytest.mark.parametrize("door", DOORS)
async def test_a_door_hands_out_the_schema_of_every_type_it_records(
    services: Services, http: aiohttp.ClientSession, door: str
) -> None:
    for kind in KINDS[door]:  # type: ignore[index]
        async with http.get(f"{services.url(door)}/schemas/{kind}.json") as answer:
            assert (answer.status, answer.content_type) == (200, "application/schema+json")
            served = orjson.loads(await answer.read())
        assert served == orjson.loads((ROOT / "docs/schemas" / f"{kind}.json").read_bytes())


@pytest.mark.parametrize(
    "kind", ["guichet.status.ApplicationStatusReported.v1", "guichet.feedback.FeedbackReported.v1", "x"]
)
async def test_a_type_that_a_door_does_not_record_has_no_schema_there(
    services: Services, http: aiohttp.ClientSession, kind: str
) -> None:
    async with http.get(f"{services.url('inventory')}/schemas/{kind}.json") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
        assert "guichet.inventory.ServiceReported.v1" in (await answer.json(content_type=None))["detail"]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_describes_what_it_really_does_in_kafka(
    services: Services, http: aiohttp.ClientSession, service: str
) -> None:
    async with http.get(f"{services.url(service)}/asyncapi.json") as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        served = orjson.loads(await answer.read())
    specification().validate(served)
    assert served["servers"]["kafka"]["protocol"] == "kafka"
    assert {**served, "servers": None} == {**document(service), "servers": None}


@pytest.mark.parametrize("service", SERVICES)
async def test_every_operation_has_an_id_of_its_own(services: Services, service: str) -> None:
    described = await services.ask(service, "/openapi.json", public=True)
    ids = [operation["operationId"] for operations in described["paths"].values() for operation in operations.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_whoever_looks_for_a_page_of_the_interface_is_led_to_its_description(
    services: Services, http: aiohttp.ClientSession, path: str
) -> None:
    async with http.get(services.url("reporting") + path) as answer:
        assert (answer.status, answer.url.path) == (200, "/openapi.json")
