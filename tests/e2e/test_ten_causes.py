"""An operator finds, from `tail` and `dlq` alone, why a given event is not in a figure: planted causes, one by one."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from guichet import keys
from guichet.client import Services
from shared.kafka import Kafka
from shared.testing import eventually, status_event
from tests.conftest import ROOT, LocalSystem
from tests.e2e.conftest import Served

MINE, OTHER = "9001", "9002"


@dataclass(frozen=True)
class Planter:
    """Sends events as departments do, and remembers which one is asked about."""

    services: Services
    unique: str
    keys: dict[str, str]

    @property
    def service_id(self) -> str:
        return f"S-{self.unique}"

    async def send(self, door: str, event: dict[str, Any], org: str = MINE) -> str:
        await self.services.send(door, self.keys[org], [orjson.dumps(event)])
        return str(event["id"])

    def application(self, state: str, number: int = 1, *, days_ago: float = 2, **data: Any) -> dict[str, Any]:
        moment = datetime.now(UTC) - timedelta(days=days_ago)
        named = {"service_id": self.service_id, "channel": "ONL", **data}
        return status_event(MINE, self.unique, state, number=number, time=moment, **named)

    async def service(self, org: str = MINE) -> None:
        await self.send("inventory", self.example("service", org, service_id=self.service_id), org)

    async def standard(self, **data: Any) -> None:
        named = {"service_id": self.service_id, "service_standard_id": f"{self.service_id}-1", **data}
        event = self.example("standard", MINE, **named)
        await self.send("inventory", event)

    def example(self, name: str, org: str, **data: Any) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((ROOT / f"docs/examples/{name}.json").read_text(encoding="utf-8"))
        event |= {"id": f"{self.unique}-{name}-{org}", "source": f"/organizations/{org}/inventory"}
        event["data"] |= data
        return event

    async def known(self) -> None:
        """Until status has heard of the service and its standards."""

        async def taken() -> bool:
            head = (await self.services.ask("inventory", "/v1/log"))["position"]
            items = (await self.services.ask("reporting", "/v1/reading"))["items"]
            ready = await self.services.ask("status", "/readyz", public=True)
            lag = ready["consumers"]["status.inventory"]["lag"]
            return lag == 0 and all(i["position"] >= head for i in items if i["topic"] == "inventory.services.v1")

        await eventually(taken)


@pytest.fixture
async def planter(services: Services, unique: str) -> Planter:
    made = await keys.kept(services, services.home, [MINE, OTHER])
    return Planter(services, unique, made)


async def refused_for_a_value(plant: Planter) -> str:
    return await plant.send("status", plant.application("unheard_of"))


async def refused_for_its_sender(plant: Planter) -> str:
    return await plant.send("status", plant.application("submitted"), OTHER)


async def refused_for_its_service(plant: Planter) -> str:
    await plant.service(OTHER)
    await plant.known()
    return await plant.send("status", plant.application("submitted"))


async def service_unknown(plant: Planter) -> str:
    return await plant.send("status", plant.application("submitted"))


async def service_of_another(plant: Planter) -> str:
    event = await plant.send("status", plant.application("submitted"))
    await plant.service(OTHER)
    await plant.known()
    return event


async def without_standard(plant: Planter) -> str:
    await plant.service()
    await plant.known()
    return await plant.send("status", plant.application("submitted"))


async def without_measure(plant: Planter) -> str:
    await plant.service()
    await plant.standard(measure=None, service_standard_en="Be kind", service_standard_fr="Avec amabilité")
    await plant.known()
    return await plant.send("status", plant.application("submitted"))


async def by_another_channel(plant: Planter) -> str:
    await plant.service()
    await plant.standard(channel="TEL")
    await plant.known()
    return await plant.send("status", plant.application("submitted"))


async def still_open(plant: Planter) -> str:
    await plant.service()
    await plant.standard()
    await plant.known()
    return await plant.send("status", plant.application("submitted"))


async def withdrawn(plant: Planter) -> str:
    await still_open(plant)
    return await plant.send("status", plant.application("withdrawn", 2, days_ago=1))


async def superseded(plant: Planter) -> str:
    event = await still_open(plant)
    await plant.send("status", plant.application("decided", 2, days_ago=1))
    return event


async def decided_long_ago(plant: Planter) -> str:
    await plant.service()
    await plant.standard()
    await plant.known()
    await plant.send("status", plant.application("submitted", days_ago=100))
    return await plant.send("status", plant.application("decided", 2, days_ago=95))


async def one_of_few(plant: Planter) -> str:
    await still_open(plant)
    return await plant.send("status", plant.application("decided", 2, days_ago=1))


async def feedback(plant: Planter) -> str:
    event = plant.example("feedback", MINE, feedback_id=plant.unique)
    return await plant.send("feedback", event)


CAUSES: list[tuple[Callable[[Planter], Any], str, str]] = [
    (refused_for_a_value, "invalid_value", "The field data.state must be one of"),
    (refused_for_its_sender, "wrong_organization", "the source must be /organizations/9002"),
    (refused_for_its_service, "not_your_service", "in the inventory of another organisation"),
    (service_unknown, "unknown_service", "is not in the inventory"),
    (service_of_another, "other_organization", "is organisation 9002's"),
    (without_standard, "no_standard", "has no service standard in the inventory"),
    (without_measure, "no_measure", "has a measure"),
    (by_another_channel, "other_channel", "came by channel ONL"),
    (still_open, "counts_open", "as open"),
    (withdrawn, "counts_excluded_withdrawn", "as excluded: withdrawn"),
    (superseded, "superseded", "superseded by a later report"),
    (decided_long_ago, "outside_window", "outside the default window"),
    (one_of_few, "suppressed", "fewer than 10 cases"),
    (feedback, "feedback", "counts in no performance figure"),
]


@pytest.mark.parametrize(("cause", "code", "words"), CAUSES, ids=[cause.__name__ for cause, *_ in CAUSES])
async def test_tail_says_why_an_event_is_not_in_a_figure(
    system: LocalSystem, planter: Planter, cause: Callable[[Planter], Any], code: str, words: str
) -> None:
    event = await cause(planter)

    async def told() -> str:
        return system.command("tail", "--event", event, "--no-follow", "--format", "json", check=False).stdout

    found = await eventually(told, lambda text: code in {json.loads(line).get("code") for line in text.splitlines()})
    reason = next(step for step in map(json.loads, found.splitlines()) if step.get("code") == code)
    assert words in reason["text"]["en"]
    assert reason["text"]["fr"] not in {"", reason["text"]["en"]}
    assert words in system.command("tail", "--event", event, "--no-follow").stdout


@pytest.mark.parametrize(("cause", "code", "words"), CAUSES[:3], ids=[cause.__name__ for cause, *_ in CAUSES[:3]])
async def test_dlq_says_why_an_event_was_refused(
    system: LocalSystem, planter: Planter, cause: Callable[[Planter], Any], code: str, words: str
) -> None:
    event = await cause(planter)
    letters = json.loads(system.command("dlq", "ls", "--code", code, "--format", "json").stdout)
    (letter,) = [each for each in letters if each["event_id"] == event]
    assert words in letter["problem"]["detail"]["en"]


async def test_what_reporting_could_not_read_is_said_with_the_letter_that_keeps_it(
    system: LocalSystem, services: Services, planter: Planter, kafka: Kafka
) -> None:
    """The event is at the door; what should stand for it in Kafka cannot be read."""
    event = await planter.send("status", planter.application("submitted"))
    found = (await services.ask("status", f"/v1/trace/{event}"))["events"][0]
    broken = orjson.dumps(
        {"id": "9223372036854775003", "source": "/services/status", "type": "x", "data": planter.unique}
    )
    async with AIOKafkaProducer(**kafka.options()) as producer:
        await producer.send_and_wait("status.applications.v1", broken, partition=0)

    async def traced() -> Any:
        answer = await services.ask("reporting", f"/v1/trace/{event}", query={"at": "status:9223372036854775003"})
        return answer["reading"]["events"][0]["reasons"][0]

    reason = await eventually(traced, lambda found: found["code"] == "set_aside")
    assert "dlq" in reason["text"]["en"]
    assert found["position"] > 0
    (letter,) = json.loads(system.command("dlq", "ls", "--service", "reporting", "--format", "json").stdout)
    assert letter["event_id"] == "9223372036854775003"
    system.command("dlq", "drop", letter["id"])


async def test_an_event_in_a_figure_is_said_to_be_there(
    system: LocalSystem, services: Services, served: Served, unique: str
) -> None:
    key = (await keys.kept(services, services.home, [served.org_id]))[served.org_id]
    for number, (state, days) in enumerate((("submitted", 3), ("decided", 2)), 1):
        moment = datetime.now(UTC) - timedelta(days=days)
        named = {"service_id": served.service_id, "channel": served.channel, "time": moment}
        event = status_event(served.org_id, unique, state, number=number, **named)
        await services.send("status", key, [orjson.dumps(event)])

    async def traced() -> Any:
        receipt = await services.ask("status", f"/v1/trace/{unique}-2")
        at = f"status:{receipt['events'][0]['position']}"
        return (await services.ask("reporting", f"/v1/trace/{unique}-2", query={"at": at}))["reading"]["events"][0]

    found = await eventually(traced, lambda event: event["read"])
    figure = next(each for each in found["figures"] if each["standard_id"] == served.standard_id)
    assert (figure["as"], figure["channel"], figure["in_default_window"]) == ("met", served.channel, True)
    without = await services.ask("reporting", f"/v1/trace/{unique}-2")
    assert without["reading"]["events"] == [found]


async def test_what_took_the_place_of_a_corrected_event_is_named(planter: Planter, system: LocalSystem) -> None:
    wrong = planter.application("submitted")
    await planter.send("status", wrong)
    right = {
        **wrong,
        "id": f"{planter.unique}-right",
        "type": "guichet.status.ReportCorrected.v1",
        "data": {"corrects": wrong["id"], "reason": {"en": "A slip", "fr": "Une erreur"}},
    }
    await planter.send("status", right)
    said = system.command("tail", "--event", wrong["id"], "--no-follow").stdout
    assert f"withdrawn by event {right['id']}: it counts in nothing any more" in said
    assert (
        f"it takes the place of event {wrong['id']}"
        in system.command("tail", "--event", right["id"], "--no-follow").stdout
    )
