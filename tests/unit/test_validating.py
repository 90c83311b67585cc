"""Events judged without a door, with the door's own words."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from guichet.validating import validate
from shared.testing import status_event


def judged(*events: Any, **how: str) -> list[dict[str, Any]]:
    return list(validate([each if isinstance(each, bytes) else orjson.dumps(each) for each in events], **how))


def test_a_good_event_is_valid_at_its_own_door_and_unknown_at_another() -> None:
    event = status_event("134", "a", "submitted")
    assert judged(event) == judged(event, to="status") == [{"index": 0, "id": "a-1", "outcome": "valid"}]
    (refused,) = judged(event, to="feedback")
    assert refused["problem"]["code"] == "unknown_type"


def test_a_source_of_another_organisation_is_found_where_it_is_said_who_would_send() -> None:
    event = status_event("134", "a", "submitted")
    assert judged(event, org="134")[0]["outcome"] == "valid"
    assert judged(event, org="56")[0]["problem"]["code"] == "wrong_organization"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (b"{", "unreadable"),
        ({"id": "a"}, "invalid_envelope"),
        (status_event("134", "a", "submitted", source="/elsewhere"), "wrong_organization"),
        (status_event("134", "a", "nowhere"), "invalid_value"),
        (status_event("134", "a", "submitted", time=datetime.now(UTC) + timedelta(hours=1)), "time_in_future"),
        ({**status_event("134", "a", "submitted"), "type": "guichet.status.Nothing.v1"}, "unknown_type"),
    ],
)
def test_a_bad_event_is_rejected_with_the_door_s_code_in_both_languages(event: Any, code: str) -> None:
    (receipt,) = judged(event)
    assert (receipt["outcome"], receipt["problem"]["code"]) == ("rejected", code)
    assert receipt["problem"]["detail"]["en"]
    assert receipt["problem"]["detail"]["fr"]


def test_a_repetition_in_the_file_is_a_duplicate_and_other_data_under_the_same_id_a_conflict() -> None:
    event = status_event("134", "a", "submitted", time="2026-01-05T10:00:00Z")
    other = status_event("134", "a", "decided", time="2026-01-05T10:00:00Z")
    bad = status_event("134", "b", "nowhere")
    mended = status_event("134", "b", "submitted")
    receipts = judged(event, json.dumps(event, indent=2).encode(), other, bad, mended)
    assert [receipt["outcome"] for receipt in receipts] == ["valid", "duplicate", "rejected", "rejected", "valid"]
    assert receipts[2]["problem"]["code"] == "id_conflict"
