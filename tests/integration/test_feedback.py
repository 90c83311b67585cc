"""Feedback from the form to its end: followed by its client, worked on by officers, promised in time, and erased."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from services.feedback.consumers import KEPT_WITH_REPLY, KEPT_WITHOUT
from services.feedback.store import forget_texts
from shared.kafka import Kafka
from shared.ownership import day_in_ottawa
from shared.testing import eventually, feedback_event
from tests.conftest import LocalSystem
from tests.integration.inventories import service_with_standard
from tests.integration.records import everything_on

SECRET = "the corner office smelled of oranges"
SIN = "046 454 286"
_organizations = map(str, [*range(9060, 9081), *range(9014, 9031)])


@pytest.fixture
def org() -> str:
    return next(_organizations)


@pytest.fixture
async def key(services: Services, org: str) -> str:
    return str((await keys.create(services, org))["key"])


@pytest.fixture
async def service(services: Services, key: str, org: str, unique: str) -> str:
    service_id = f"S-{unique}"
    await services.send("inventory", key, service_with_standard(org, service_id, {"limit": "P10D"}))

    async def chosen() -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{services.url('feedback')}/en/new?q={service_id}") as page,
        ):
            return await page.text()

    await eventually(chosen, lambda text: f"service={service_id}" in text)
    return service_id


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A client's browser: it keeps cookies, of 127.0.0.1 too."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as found:
        yield found


class Officer:
    """An officer of an organisation, at the API."""

    def __init__(self, services: Services, org: str) -> None:
        self.org = org
        self._url, self._bearer = services.url("feedback"), token(services.home, "an-officer", ["officer"], org)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {self._bearer}", **headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self._url + path, json=body, headers=sent) as answer,
        ):
            return answer.status, orjson.loads(await answer.read())

    async def get(self, path: str) -> Any:
        status, answer = await self.ask("GET", path)
        assert status == 200, answer
        return answer


@pytest.fixture
def officer(services: Services, org: str) -> Officer:
    return Officer(services, org)


async def say(session: aiohttp.ClientSession, services: Services, service: str, **said: Any) -> dict[str, Any]:
    body = {"service_id": service, "kind": "complaint", **said}
    async with session.post(f"{services.url('feedback')}/v1/feedback", json=body) as answer:
        assert answer.status == 201, await answer.text()
        return dict(await answer.json())


def _today() -> date:
    return day_in_ottawa(datetime.now(UTC))


# The form and the case


async def test_what_a_client_says_is_masked_told_and_followed_by_its_code(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    told = await say(client, services, service, text=f"My SIN is {SIN} and {SECRET}.", language="en", reply_wanted=True)
    assert [(each["kind"], each["count"]) for each in told["masked"]] == [("social_insurance", 1)]
    case = await officer.get(f"/v1/cases/{told['feedback_id']}")
    assert case["text"] == f"My SIN is [SIN] and {SECRET}."
    async with client.post(
        f"{services.url('feedback')}/v1/tracking", json={"tracking_code": told["tracking_code"]}
    ) as opened:
        assert opened.status == 200
    async with client.get(f"{services.url('feedback')}/v1/cases/{told['feedback_id']}") as own:
        mine = await own.json()
    assert (mine["text"], mine["state"]) == (case["text"], "received")
    assert not {"concern", "spam", "group_id"} & mine.keys()


async def test_lesson_5_12_a_form_sent_twice_is_one_case(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    url, body = (
        f"{services.url('feedback')}/v1/feedback",
        {"service_id": service, "kind": "suggestion", "text": "Open earlier."},
    )
    answers = []
    for _ in range(2):
        async with client.post(url, json=body, headers={"Idempotency-Key": "c2f1d6a07b9e4c3f8a5d1e0b"}) as answer:
            answers.append(await answer.json())
    assert [each["outcome"] for each in answers] == ["accepted", "duplicate"]
    assert answers[0]["tracking_code"] == answers[1]["tracking_code"]
    assert len((await officer.get(f"/v1/cases?service={service}"))["items"]) == 1


async def test_what_is_no_feedback_is_sent_on_told_and_judged_by_no_time(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    told = await say(client, services, service, text="My claim was refused, wrongly.", about="decision")
    assert told["redirected_to"] == "decision"
    case = await officer.get(f"/v1/cases/{told['feedback_id']}")
    assert (case["state"], case["recourse"], case["overdue"]) == ("redirected", "decision", False)


async def test_words_of_concern_are_flagged_at_once_until_somebody_has_looked(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    told = await say(client, services, service, text="After this I want to die.")
    [flagged] = (await officer.get("/v1/cases?of_concern=true"))["items"]
    assert (flagged["feedback_id"], flagged["concern"]) == (told["feedback_id"], "self_harm")
    assert (await officer.ask("PATCH", f"/v1/cases/{told['feedback_id']}", {"concern_seen": True}))[0] == 200
    assert (await officer.get("/v1/cases?of_concern=true"))["items"] == []


async def test_the_same_words_are_grouped_each_counts_and_an_officer_parts_them_again(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    words = "The queue at the counter was two hours long and nobody told us why"
    first = await say(client, services, service, text=words)
    second = await say(client, services, service, text=words.upper() + "!!")
    third = await say(client, services, service, text=words)
    alike = (await officer.get(f"/v1/cases?group={first['feedback_id']}"))["items"]
    assert {each["feedback_id"] for each in alike} == {each["feedback_id"] for each in (first, second, third)}
    assert {each["group_size"] for each in alike} == {3}
    await officer.ask("PATCH", f"/v1/cases/{first['feedback_id']}", {"group": None})
    sizes = {
        each["feedback_id"]: each["group_size"] for each in (await officer.get(f"/v1/cases?service={service}"))["items"]
    }
    assert sizes == {first["feedback_id"]: 1, second["feedback_id"]: 2, third["feedback_id"]: 2}


# Case work


async def test_an_officer_takes_the_steps_and_the_client_reads_what_they_are_told(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    told = await say(client, services, service, text=SECRET)
    path = f"/v1/cases/{told['feedback_id']}"
    said = {"en": "We moved the oranges.", "fr": "Nous avons déplacé les oranges."}
    for step in (
        {"state": "acknowledged"},
        {"state": "assigned", "to": "team-7"},
        {"state": "resolved", "resolution": said},
    ):
        assert (await officer.ask("POST", f"{path}/steps", step))[0] == 201
    case = await officer.get(path)
    assert (case["state"], case["steps"][-1]["resolution"]) == ("resolved", said)
    assert case["resolve_due_on"] == str(_today() + timedelta(days=30))
    assert case["acknowledged_at"]
    assert case["ended_at"]
    assert not case["overdue"]


async def test_a_step_from_an_older_reading_is_refused_and_one_sent_twice_is_one(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    path = f"/v1/cases/{(await say(client, services, service))['feedback_id']}"
    version = (await officer.get(path))["version"]
    step = {"state": "acknowledged", "id": "step-1"}
    first = await officer.ask("POST", f"{path}/steps", step, **{"If-Match": f'"{version}"'})
    again = await officer.ask("POST", f"{path}/steps", step)
    stale = await officer.ask("POST", f"{path}/steps", {"state": "closed"}, **{"If-Match": f'"{version}"'})
    assert (first[1]["outcome"], again[1]["outcome"]) == ("accepted", "duplicate")
    assert (stale[0], stale[1]["code"]) == (412, "precondition_failed")
    closing = {"state": "closed", "id": "step-2"}
    answers = [await officer.ask("POST", f"{path}/steps", closing) for _ in range(2)]
    assert [(status, answer["outcome"]) for status, answer in answers] == [(201, "accepted"), (201, "duplicate")]


async def test_lesson_5_20_a_step_taken_on_a_page_is_an_event_of_the_log_like_any_other(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    told = await say(client, services, service)
    _, taken = await officer.ask("POST", f"/v1/cases/{told['feedback_id']}/steps", {"state": "acknowledged"})
    operator = token(services.home, "an-operator", ["operator"])
    trace = await services.ask("feedback", f"/v1/trace/{taken['id']}", bearer=operator)
    [event] = trace["events"]
    assert event["position"] == taken["position"]
    assert [each["type"] for each in event["entries"]] == ["guichet.feedback.FeedbackStateChanged.v1"]


@pytest.mark.parametrize("resolution", [{"en": "Done."}, {"fr": "Fait."}, {"en": "Done.", "fr": ""}, "Done."])
async def test_lesson_5_22_what_a_client_is_told_is_there_in_both_languages_or_refused(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer, resolution: Any
) -> None:
    told = await say(client, services, service)
    step = {"state": "resolved", "resolution": resolution}
    status, refused = await officer.ask("POST", f"/v1/cases/{told['feedback_id']}/steps", step)
    assert status in {400, 422}
    french = await officer.ask("POST", f"/v1/cases/{told['feedback_id']}/steps", step, **{"Accept-Language": "fr"})
    assert refused["title"] != french[1]["title"]


async def test_a_closed_case_moves_only_when_it_is_reopened(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    path = f"/v1/cases/{(await say(client, services, service))['feedback_id']}/steps"
    await officer.ask("POST", path, {"state": "closed"})
    assert (await officer.ask("POST", path, {"state": "assigned"}))[1]["code"] == "case_ended"
    assert (await officer.ask("POST", path, {"state": "reopened"}))[0] == 201


async def test_another_organisation_s_officer_sees_and_moves_nothing(
    services: Services, client: aiohttp.ClientSession, service: str
) -> None:
    told, stranger = await say(client, services, service, text=SECRET), Officer(services, "9059")
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/steps", {"state": "closed"}),
        ("POST", "/messages", {"text": "hello"}),
        ("PATCH", "", {"spam": True}),
    ):
        assert (await stranger.ask(method, f"/v1/cases/{told['feedback_id']}{path}", body))[0] == 404
    assert (await stranger.ask("POST", "/v1/erasures", {"feedback_id": told["feedback_id"]}))[0] == 404


async def test_client_and_officer_write_to_each_other(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer, org: str
) -> None:
    told = await say(client, services, service, text=SECRET)
    path, url = f"/v1/cases/{told['feedback_id']}", services.url("feedback")
    await client.post(f"{url}/en/cases", data={"tracking_code": told["tracking_code"]})
    page = f"{url}/en/cases/{org}/{told['feedback_id']}"
    async with client.post(
        f"{page}/messages", data={"text": f"Call me: 613-555-0142. {SECRET}", "token": "m1"}
    ) as answer:
        assert answer.status == 200
    await client.post(f"{page}/messages", data={"text": f"Call me: 613-555-0142. {SECRET}", "token": "m1"})
    assert (await officer.ask("POST", f"{path}/messages", {"text": "We will."}))[0] == 201
    messages = (await officer.get(path))["messages"]
    assert [(each["author"], each["text"]) for each in messages] == [
        ("client", f"Call me: [phone number]. {SECRET}"),
        ("officer", "We will."),
    ]


async def test_a_client_reopens_within_thirty_days_and_the_clock_goes_on(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer, org: str
) -> None:
    told = await say(client, services, service)
    path, url = f"/v1/cases/{told['feedback_id']}", services.url("feedback")
    await officer.ask("POST", f"{path}/steps", {"state": "resolved"})
    await client.post(f"{url}/fr/cases", data={"tracking_code": told["tracking_code"]})
    for _ in range(2):
        await client.post(f"{url}/fr/cases/{org}/{told['feedback_id']}/reopen")
    case = await officer.get(path)
    assert (case["state"], case["ended_at"]) == ("reopened", None)
    assert [each["state"] for each in case["steps"]] == ["received", "resolved", "reopened"]


# Promised times


def report(org: str, name: str, event_id: str, **data: Any) -> bytes:
    return orjson.dumps({
        "specversion": "1.0",
        "id": event_id,
        "source": f"/organizations/{org}/feedback",
        "type": f"guichet.feedback.{name}.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": data,
    })  # fmt: skip


async def test_a_department_s_own_time_moves_what_is_open_and_its_correction_moves_it_back(
    services: Services, key: str, org: str, officer: Officer, unique: str
) -> None:
    event = feedback_event(org, f"F-{unique}", "complaint")
    await services.send("feedback", key, [orjson.dumps(event)])
    path = f"/v1/cases/F-{unique}"
    default = (await officer.get(path))["resolve_due_at"]
    own = report(org, "ResolutionTimeReported", "t-1", kind="complaint", resolve_within="P2D", **{"from": "2020-01-01"})
    assert [each["outcome"] for each in await services.send("feedback", key, [own])] == ["accepted"]
    assert (await officer.get(path))["resolve_due_at"] < default
    times = await officer.get(f"/v1/resolution-times?org={org}")
    assert [each["own"] for each in times["items"]] == [False, False, True, False]
    reason = {"en": "Not decided yet.", "fr": "Pas encore décidé."}
    withdrawn = report(org, "ReportCorrected", "t-2", corrects="t-1", reason=reason)
    assert [each["outcome"] for each in await services.send("feedback", key, [withdrawn])] == ["accepted"]
    assert (await officer.get(path))["resolve_due_at"] == default


async def test_overdue_cases_surface_by_themselves(
    services: Services, key: str, org: str, officer: Officer, unique: str
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=90)
    events = [
        feedback_event(org, f"F-{unique}-late", "complaint", time=long_ago),
        feedback_event(org, f"F-{unique}-new", "complaint"),
    ]
    await services.send("feedback", key, [orjson.dumps(each) for each in events])
    listed = (await officer.get("/v1/cases?overdue=true"))["items"]
    assert [each["feedback_id"] for each in listed] == [f"F-{unique}-late"]

    async def metric() -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{services.url('feedback')}/metrics") as answer:
            return await answer.text()

    await eventually(metric, lambda text: f'guichet_cases_overdue{{org="{org}"}} 1.0' in text, seconds=60)


# Improvements and satisfaction


async def test_an_improvement_is_published_heard_by_the_inventory_and_withdrawn(
    services: Services, key: str, org: str, service: str, officer: Officer, unique: str
) -> None:
    title = {"en": "Longer opening hours", "fr": "Heures d'ouverture prolongées"}
    said = {"improvement_id": f"I-{unique}", "service_id": service, "made_on": "2026-05-01", "title": title}
    sent = [
        report(org, "ImprovementReported", "i-1", **said),
        report(org, "ImprovementReported", "i-2", **said, feedback_ids=["F-1", "F-2"]),
    ]
    assert {each["outcome"] for each in await services.send("feedback", key, sent)} == {"accepted"}
    [shown] = (await officer.get(f"/v1/improvements?org={org}"))["items"]
    assert (shown["title"], shown["feedback"], shown["service_id"]) == (title, 2, service)

    async def improved_on() -> Any:
        return (await services.ask("inventory", f"/v1/services/{service}"))["improved_on"]

    await eventually(improved_on, lambda day: day == "2026-05-01")
    reason = {"en": "A mistake.", "fr": "Une erreur."}
    await services.send("feedback", key, [report(org, "ReportCorrected", "i-3", corrects="i-2", reason=reason)])
    assert (await officer.get(f"/v1/improvements?org={org}"))["items"] == []
    await eventually(improved_on, lambda day: day is None)


async def test_lesson_5_18_answers_of_few_are_no_result_for_the_public_and_are_called_few_to_officers(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer, org: str
) -> None:
    """Lessons 5.18: no ranking by a mean of one."""
    await say(client, services, service, rating=5, drivers={"courtesy": 4})
    day = f"from={_today()}&to={_today()}"
    async with client.get(f"{services.url('feedback')}/v1/satisfaction?service={service}") as answer:
        public = await answer.json()
    assert public["to"] < str(_today().replace(day=1))  # whole months, so that no difference tells of one person
    async with client.get(f"{services.url('feedback')}/v1/satisfaction?service={service}&{day}") as answer:
        assert answer.status == 403
    stranger = Officer(services, "9059")
    assert (await stranger.ask("GET", f"/v1/satisfaction?service={service}&{day}"))[0] == 403
    seen = (await officer.get(f"/v1/satisfaction?org={org}&service={service}&{day}"))["questions"][0]
    assert (seen["mean"], seen["answers"]) == (5.0, 1)
    assert "Fewer than 10" in seen["note"]["en"]


async def test_a_day_of_satisfaction_is_ottawa_s_from_midnight_to_midnight(
    services: Services, key: str, service: str, officer: Officer, org: str, unique: str
) -> None:
    at = {
        "before": "10T03:59",
        "first": "10T04:00",
        "last": "11T03:59",
        "after": "11T04:00",
    }  # UTC, in daylight saving time
    events = [
        feedback_event(org, f"F-{unique}-{n}", "suggestion", service_id=service, rating=n, time=f"2026-03-{moment}:00Z")
        for n, moment in enumerate(at.values(), 1)
    ]
    sent = await services.send("feedback", key, [orjson.dumps(each) for each in events])
    assert {each["outcome"] for each in sent} == {"accepted"}, sent
    days = "from=2026-03-10&to=2026-03-10"
    (rating, *_) = (await officer.get(f"/v1/satisfaction?org={org}&service={service}&{days}"))["questions"]
    assert rating["counts"] == [0, 1, 1, 0, 0]


# Erasing and forgetting


async def rows_with(system: LocalSystem, words: str) -> list[str]:
    """Every table of the feedback service's database in which these words can be read, as text or bytes."""
    connection = await asyncpg.connect(system.dsn("postgres", "feedback"))
    try:
        tables = await connection.fetch(
            "select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')"
        )
        found = []
        for table in tables:
            query = f"select count(*) from {table['name']} t where position($1 in t::text) > 0 or position($2 in t::text) > 0"
            if await connection.fetchval(query, words, words.encode().hex()):
                found.append(table["name"])
        return found
    finally:
        await connection.close()


async def test_erasing_a_person_leaves_no_readable_trace_and_every_figure_unchanged(
    services: Services,
    system: LocalSystem,
    kafka: Kafka,
    client: aiohttp.ClientSession,
    service: str,
    officer: Officer,
    org: str,
    key: str,
    unique: str,
) -> None:
    words, contact = f"{SECRET} {unique}", f"{unique}@example.org"
    told = [
        await say(client, services, service, text=f"{words} one", contact=contact, rating=2, reply_wanted=True),
        await say(client, services, service, text=f"{words} two", contact=contact.upper(), rating=3),
    ]
    one, two = (each["feedback_id"] for each in told)
    reply = {"en": f"About {words}: done.", "fr": f"Au sujet de {words} : fait."}
    await officer.ask("POST", f"/v1/cases/{one}/steps", {"state": "resolved", "resolution": reply})
    await officer.ask("POST", f"/v1/cases/{two}/messages", {"text": f"Thank you for {words}"})
    refused = feedback_event(org, two, "complaint", text=words)  # a second report of the case: a dead letter
    [receipt] = await services.send("feedback", key, [orjson.dumps(refused)])
    assert receipt["outcome"] == "rejected"
    before = await figures(client, services, service, officer)

    status, done = await officer.ask("POST", "/v1/erasures", {"feedback_id": one})
    assert status == 201
    assert done["cases"] == sorted([one, two])
    assert done["removed"] == {"texts": 2, "contacts": 2, "replies": 1, "messages": 1, "dead_letters": 1}
    assert done["left"] == 0

    assert await rows_with(system, words) == []
    assert await rows_with(system, contact) == []
    for feedback_id in (one, two):
        case = await officer.get(f"/v1/cases/{feedback_id}")
        assert (case["erased"], case["text"], case["contact"]) == (True, None, None)
        assert not any(step["resolution"] for step in case["steps"])
        assert case["messages"] == []
    async with client.post(
        f"{services.url('feedback')}/v1/tracking", json={"tracking_code": told[0]["tracking_code"]}
    ) as gone:
        assert gone.status == 404
    assert words not in str(await everything_on(kafka, "feedback.cases.v1"))
    assert words.encode() not in b"".join(path.read_bytes() for path in (system.home / "logs").glob("*"))
    assert await figures(client, services, service, officer) == before

    late = report(org, "FeedbackHandlingReported", f"late-{unique}", feedback_id=one, state="closed", resolution=reply)
    await services.send("feedback", key, [late])
    assert not any(step["resolution"] for step in (await officer.get(f"/v1/cases/{one}"))["steps"])


async def figures(client: aiohttp.ClientSession, services: Services, service: str, officer: Officer) -> Any:
    listed = (await officer.get(f"/v1/cases?service={service}"))["items"]
    kept = ("feedback_id", "kind", "state", "rating", "overdue", "ended_at", "version", "group_size")
    day = _today()
    satisfaction = await officer.get(f"/v1/satisfaction?org={officer.org}&service={service}&from={day}&to={day}")
    return [{name: each[name] for name in kept} for each in listed], {**satisfaction, "as_of": None}


async def test_what_was_written_is_forgotten_when_its_time_has_come_and_the_case_stays(
    services: Services, system: LocalSystem, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    wanted = await say(client, services, service, text=f"{SECRET} with", reply_wanted=True)
    unwanted = await say(client, services, service, text=f"{SECRET} without")
    for each in (wanted, unwanted):
        await officer.ask("POST", f"/v1/cases/{each['feedback_id']}/steps", {"state": "closed"})
    later = datetime.now(UTC) + timedelta(days=200)
    connection = await asyncpg.connect(system.dsn("feedback_owner", "feedback"))
    try:
        forgotten = await forget_texts(connection, later - KEPT_WITHOUT, later - KEPT_WITH_REPLY, 10_000)
    finally:
        await connection.close()
    ids = {feedback_id for _, feedback_id in forgotten}
    assert unwanted["feedback_id"] in ids
    assert wanted["feedback_id"] not in ids
    case = await officer.get(f"/v1/cases/{unwanted['feedback_id']}")
    assert (case["text"], case["texts_forgotten"], case["state"]) == (None, True, "closed")
    assert (await officer.get(f"/v1/cases/{wanted['feedback_id']}"))["text"] == f"{SECRET} with"


async def test_a_client_erases_their_own_case_and_nobody_else_s_of_the_contact_they_name(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer, org: str, unique: str
) -> None:
    """Nobody checks whose a contact is: whoever names another's must not erase that other's cases, nor end their feedback."""
    url, contact = services.url("feedback"), f"{unique}@example.org"
    victim = await say(client, services, service, text=f"{SECRET} of the victim", contact=contact)
    other = await say(client, services, service, text="I am somebody else.", contact=contact)
    await client.post(f"{url}/en/cases", data={"tracking_code": other["tracking_code"]})
    await client.post(f"{url}/en/cases/{org}/{other['feedback_id']}/erase")
    assert (await officer.get(f"/v1/cases/{other['feedback_id']}"))["erased"]
    assert (await officer.get(f"/v1/cases/{victim['feedback_id']}"))["text"] == f"{SECRET} of the victim"
    later = await say(client, services, service, text=f"{SECRET} later", contact=contact)
    assert (await officer.get(f"/v1/cases/{later['feedback_id']}"))["text"] == f"{SECRET} later"


async def test_people_who_leave_no_contact_are_not_one_person(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer
) -> None:
    cases = [await say(client, services, service, text=SECRET, contact="n/a") for _ in range(2)]
    _, done = await officer.ask("POST", "/v1/erasures", {"feedback_id": cases[0]["feedback_id"]})
    assert done["cases"] == [cases[0]["feedback_id"]]


async def test_words_of_concern_in_an_ended_case_or_a_message_are_seen_too(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer, org: str
) -> None:
    sent_on = await say(client, services, service, text="They refused me. I want to die.", about="decision")
    quiet = await say(client, services, service, text="The counter was closed.")
    url = services.url("feedback")
    await client.post(f"{url}/en/cases", data={"tracking_code": quiet["tracking_code"]})
    await client.post(f"{url}/en/cases/{org}/{quiet['feedback_id']}/messages", data={"text": "I want to die."})
    flagged = {each["feedback_id"] for each in (await officer.get("/v1/cases?of_concern=true"))["items"]}
    assert flagged == {sent_on["feedback_id"], quiet["feedback_id"]}


async def test_what_a_client_wrote_to_an_ended_case_waits_for_an_answer(
    services: Services, client: aiohttp.ClientSession, service: str, officer: Officer, org: str
) -> None:
    told, answered = [await say(client, services, service) for _ in range(2)]
    url = services.url("feedback")
    for each in (told, answered):
        await officer.ask("POST", f"/v1/cases/{each['feedback_id']}/steps", {"state": "resolved"})
        await client.post(f"{url}/en/cases", data={"tracking_code": each["tracking_code"]})
        await client.post(f"{url}/en/cases/{org}/{each['feedback_id']}/messages", data={"text": "And my refund?"})
    await officer.ask("POST", f"/v1/cases/{answered['feedback_id']}/messages", {"text": "It is on its way."})
    unread = await say(client, services, service)
    await client.post(f"{url}/en/cases", data={"tracking_code": unread["tracking_code"]})
    await client.post(f"{url}/en/cases/{org}/{unread['feedback_id']}/messages", data={"text": "Is anybody there?"})
    waiting = {each["feedback_id"] for each in (await officer.get("/v1/cases?unanswered=true"))["items"]}
    assert {told["feedback_id"], unread["feedback_id"]} <= waiting
    assert answered["feedback_id"] not in waiting


async def test_clients_words_are_for_the_officers_they_wrote_to(
    services: Services, client: aiohttp.ClientSession, service: str, org: str
) -> None:
    told = await say(client, services, service, text=SECRET, contact="a@example.org")
    url = f"{services.url('feedback')}/v1/cases/{told['feedback_id']}"
    for role in ("auditor", "oversight", "operator", "deputy_head"):
        bearer = {"Authorization": f"Bearer {token(services.home, role, [role], org)}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=bearer) as answer:
            found = await answer.json()
        assert (answer.status, found["text"], found["contact"], found["words_withheld"]) == (200, None, None, True)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/en/sign-in?back=//[", None),
        ("/en/new", {"service_id": "a\x00b", "token": "0123456789abcdef0123", "kind": "complaint"}),
        ("/en/new", {"service_id": "S", "token": "\x00", "kind": "complaint"}),
        ("/v1/improvements?after=WyIyMDI0LVcwMS0xIiwiIiwiIl0=", None),
    ],
)
async def test_what_no_form_of_ours_sends_is_refused_and_no_fault_of_ours(
    services: Services, client: aiohttp.ClientSession, path: str, form: dict[str, str] | None
) -> None:
    url = services.url("feedback") + path
    async with client.post(url, data=form) if form else client.get(url) as answer:
        assert answer.status < 500


async def test_a_session_that_has_expired_is_nobody_s_and_public_pages_are_there(services: Services) -> None:
    expired = token(services.home, "an-officer", ["officer"], "9059", hours=-1)
    async with aiohttp.ClientSession(cookies={"guichet_session": expired}) as session:
        async with session.get(f"{services.url('feedback')}/en/") as page:
            assert page.status == 200
        async with session.get(f"{services.url('feedback')}/en/case-work") as page:
            assert page.url.path == "/en/sign-in"


async def test_a_form_that_another_site_s_page_sends_is_refused(
    services: Services, client: aiohttp.ClientSession, service: str, org: str
) -> None:
    told, url = await say(client, services, service, text=SECRET), services.url("feedback")
    await client.post(f"{url}/en/cases", data={"tracking_code": told["tracking_code"]})
    evil = {"Origin": "https://evil.example"}
    for path in (f"/en/cases/{org}/{told['feedback_id']}/erase", "/en/cases", "/en/new", "/en/sign-in"):
        async with client.post(url + path, data={"tracking_code": "x"}, headers=evil) as answer:
            assert answer.status == 403


# Signing in


async def test_an_officer_signs_in_with_a_token_and_another_site_s_page_cannot_speak_for_them(
    services: Services, client: aiohttp.ClientSession, service: str, org: str
) -> None:
    told = await say(client, services, service, text=SECRET)
    url = services.url("feedback")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(f"{url}/en/case-work") as page:
            assert page.url.path == "/en/sign-in"
        signed = {"token": token(services.home, "an-officer", ["officer"], org), "back": "/en/case-work"}
        async with browser.post(f"{url}/en/sign-in", data=signed) as page:
            assert page.url.path == "/en/case-work"
            assert told["feedback_id"] in await page.text()
        step = f"{url}/en/case-work/{told['feedback_id']}/steps"
        async with browser.post(step, data={"state": "closed"}, headers={"Origin": "https://evil.example"}) as page:
            assert page.status == 403
        async with browser.post(step, data={"state": "acknowledged"}, headers={"Origin": url}) as page:
            assert re.search("Acknowledged", await page.text())
        async with browser.post(
            f"{url}/en/sign-in", data={**signed, "back": "//evil.example/"}, allow_redirects=False
        ) as page:
            assert page.headers["Location"] == "/en/"
