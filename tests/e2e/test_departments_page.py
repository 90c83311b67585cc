"""What docs/departments.md tells departments to do works."""

import json
import re

import aiohttp
import pytest

from guichet import keys
from guichet.client import Services
from tests.conftest import ROOT, LocalSystem

PAGE = (ROOT / "docs/departments.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| .+ \| (\w+) \| \[.+\]\((examples/.+\.json)\) \|$", PAGE, re.MULTILINE)


def test_every_example_stands_on_the_page() -> None:
    assert {path for _, path in EXAMPLES} == {f"examples/{file.name}" for file in (ROOT / "docs/examples").iterdir()}


@pytest.mark.parametrize(("door", "path"), EXAMPLES)
def test_an_example_is_accepted_at_its_door(system: LocalSystem, door: str, path: str) -> None:
    done = system.command("emit", f"docs/{path}", "--to", door, check=False)
    assert json.loads(done.stdout)["outcome"] in {"accepted", "duplicate"}, done.stdout


async def test_the_request_on_the_page_is_answered_with_a_receipt(
    services: Services, http: aiohttp.ClientSession
) -> None:
    key = (await keys.create(services, "134", ["status"]))["key"]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    body = (ROOT / "docs/examples/status.json").read_bytes()
    async with http.post(f"{services.url('status')}/v1/events", data=body, headers=headers) as answer:
        receipt = (await answer.json(content_type=None))["receipts"][0]
    assert receipt["outcome"] in {"accepted", "duplicate"}
    assert receipt["tracking_code"]
