"""What was read from a standard's sentence, or why nothing was, is said to who sent it: nothing holds or is left out unseen."""

from typing import Any

import pytest

from guichet.client import Services
from tests.integration.inventories import inventory_event


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        (
            {"service_standard_en": "Within 10 business days", "service_standard_fr": "Dans les 10 jours ouvrables"},
            "measure_inferred",
            "P10D (business, submitted - decided, CA)",
        ),
        (
            {"service_standard_en": "Within 10 business days", "service_standard_fr": "Dans les 20 jours ouvrables"},
            "measure_not_read",
            "The English and French texts differ",
        ),
        (
            {"service_standard_en": "Good service", "service_standard_fr": "Un bon service"},
            "measure_not_read",
            "Neither text states a time limit.",
        ),
        (
            {
                "service_standard_en": "Within 10 business days",
                "service_standard_fr": "Dans les 10 jours ouvrables",
                "measure": {"limit": "P10D", "days": "business", "confirmed": True},
            },
            None,
            "",
        ),
    ],
    ids=["inferred", "the languages disagree", "no limit", "confirmed"],
)
async def test_a_standard_s_receipt_says_what_was_read_from_its_sentence(
    services: Services, key: str, org: str, unique: str, fields: dict[str, Any], code: str | None, said: str
) -> None:
    row = {"dialect": "collection", "fiscal_year": "2024-2025", "service_id": f"S-{unique}", "type": "TML"}
    names = {"service_name_en": unique, "service_name_fr": unique}
    standard = {**row, **names, "service_standard_id": f"S-{unique}-1", "target": 0.8, **fields}
    event = inventory_event(org, "ServiceStandardReported", f"{unique}-1", standard)
    (receipt,) = await services.send("inventory", key, [event])
    assert receipt["outcome"] == "accepted", receipt
    told = [each for each in receipt.get("warnings", ()) if each["code"].startswith("measure")]
    assert [each["code"] for each in told] == ([code] if code else [])
    for each in told:
        assert said in each["detail"]["en"]
        assert each["detail"]["fr"]
        assert each["field"] == "data.measure"
