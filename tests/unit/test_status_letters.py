"""Letters: when they may go, what they say, and what mail servers and GC Notify mean by their answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.delivering.letters import as_html, as_text, is_link, letter, link
from services.status.delivering.mail import Mail, relay_of
from services.status.delivering.notify import looked, sent
from services.status.delivering.sealing import seal_address
from services.status.delivering.worker import letters
from services.status.domain.messages import trial
from services.status.domain.quiet import MORNING, OTTAWA, last_morning, may_go_at, morning_after
from services.status.store import Claimed
from shared.encryption import Seal

NOW = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)
SEAL = Seal("A" * 43)
URL = "https://status.example.org/"
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def claimed(n: int = 1, language: Any = "en", **changes: Any) -> Claimed:
    facts = {"state": "decided", "decided": True, "service_id": "S", "expected_at": None, "at": "2026-05-04T14:30:00Z"}
    found = Claimed(
        n=n, subscription_id="sub_1", org_id="9001", application_id=f"A-{n}", version=1, webhook_id=f"msg_{n}",
        lane="live", tries=0, facts=facts, made_at=NOW, leased_until=NOW, channel="email", language=language,
        destination="d", sealed_address=seal_address(SEAL, "sub_1", "someone@example.org"), sealed_secret=None,
        sealed_previous_secrets=[], quiet_hours=False, digest=False, failing=False,
    )  # fmt: skip
    return replace(found, **changes)


# When


@given(MOMENTS)
def test_with_quiet_hours_nothing_goes_at_night_and_nothing_waits_by_day(now: datetime) -> None:
    at = may_go_at(now, now, quiet_hours=True, digest=False)
    hour, local = now.astimezone(OTTAWA).hour, at.astimezone(OTTAWA)
    assert (at == now) == (8 <= hour < 21)
    assert 8 <= local.hour < 21
    assert timedelta(0) <= at - now <= timedelta(hours=12)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_digest_goes_at_the_first_morning_after_what_is_in_it(made_at: datetime, later: timedelta) -> None:
    now = made_at + later
    at, morning = may_go_at(made_at, now, quiet_hours=False, digest=True), morning_after(made_at)
    assert at == max(now, morning)
    assert morning.astimezone(OTTAWA).time() == MORNING
    assert timedelta(0) < morning - made_at <= timedelta(hours=25)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_digest_that_is_tried_again_goes_at_night_to_nobody_with_quiet_hours(
    made_at: datetime, later: timedelta
) -> None:
    at = may_go_at(made_at, made_at + later, quiet_hours=True, digest=True)
    assert 8 <= at.astimezone(OTTAWA).hour < 21
    assert at >= may_go_at(made_at, made_at + later, quiet_hours=False, digest=True)


@given(MOMENTS)
def test_what_was_made_before_the_last_morning_is_due_and_what_came_after_is_not(now: datetime) -> None:
    morning = last_morning(now)
    assert morning <= now < morning_after(now)
    assert morning_after(morning - timedelta(microseconds=1)) == morning
    assert morning_after(morning) > now


# What they say


@pytest.mark.parametrize(
    ("language", "words"), [("en", "A decision has been made."), ("fr", "Une décision a été rendue.")]
)
def test_a_letter_is_in_one_language_and_its_html_says_the_same(language: Any, words: str) -> None:
    found = letter(SEAL, URL, [claimed(language=language)])
    assert words in as_text(found)
    assert words in as_html(found)
    assert f'<html lang="{language}-CA">' in as_html(found)
    assert f"https://status.example.org/{language}/subscriptions/sub_1/unsubscribe/" in as_text(found)


@pytest.mark.parametrize(("state", "words"), [("in_review", "a decision by"), ("decided", "to be issued by")])
def test_what_can_be_expected_is_no_decision_once_there_is_one(state: str, words: str) -> None:
    facts = {**claimed().facts, "state": state, "decided": state == "decided", "expected_at": "2026-05-08T04:00:00Z"}
    assert words in as_text(letter(SEAL, URL, [claimed(facts=facts)]))


def test_what_departments_call_an_application_is_never_markup() -> None:
    found = letter(SEAL, URL, [claimed(application_id="<b>&x")])
    assert "&lt;b&gt;&amp;x" in as_html(found)
    assert "<b>" not in as_html(found)


def test_several_changes_are_one_letter_under_an_id_that_follows_from_theirs() -> None:
    mail = Mail(SEAL, relay_of("smtp://127.0.0.1"), "guichet@example.org", URL)
    three = [claimed(n) for n in (1, 2, 3)]
    made = [mail._message("x@example.org", some, letter(SEAL, URL, some)) for some in (three, three[::-1], three[:2])]
    ids = [message["Message-ID"] for message in made]
    assert ids[0] == ids[1] != ids[2]
    assert made[0]["Subject"] == "3 changes to your applications"
    assert mail._message("x@example.org", three[:1], letter(SEAL, URL, three[:1]))["Message-ID"].startswith("<msg_1@")


def test_a_test_letter_says_that_it_is_one() -> None:
    assert letter(SEAL, URL, [claimed(facts=trial(NOW), language="fr")]).subject == "Message d'essai"


def test_a_link_is_good_for_one_subscription_and_one_purpose() -> None:
    mark = link(SEAL, URL, "en", "sub_1", "confirm").rpartition("/")[2]
    assert is_link(SEAL, "sub_1", "confirm", mark)
    assert not is_link(SEAL, "sub_2", "confirm", mark)
    assert not is_link(SEAL, "sub_1", "unsubscribe", mark)
    assert not is_link(SEAL, "sub_1", "confirm", "é" + mark[1:])
    assert not is_link(Seal("B" * 43), "sub_1", "confirm", mark)


def test_what_is_claimed_of_one_digest_goes_together_and_all_else_by_itself() -> None:
    found = letters([claimed(1), claimed(2), claimed(3, digest=True), claimed(4, digest=True)])
    assert [[each.n for each in some] for some in found] == [[1], [2], [3, 4]]


# Mail servers


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 587, None, None, False)),
        ("smtps://user:p%40ss@mail.example.org", ("mail.example.org", 465, "user", "p@ss", True)),
        ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, None, None, False)),
    ],
)
def test_a_mail_server_is_named_by_an_address(url: str, wanted: tuple[Any, ...]) -> None:
    found = relay_of(url)
    assert (found.host, found.port, found.username, found.password, found.tls) == wanted


# GC Notify


@pytest.mark.parametrize(
    ("status", "delivered", "again", "asked_after"),
    [
        ("delivered", True, False, False),
        ("sent", True, False, False),
        ("created", False, True, True),
        ("sending", False, True, True),
        ("pending", False, True, True),
        ("pending-virus-check", False, True, True),
        ("temporary-failure", False, True, False),
        ("technical-failure", False, True, False),
        ("permanent-failure", False, False, False),
        ("virus-scan-failed", False, False, False),
        ("pii-check-failed", False, False, False),
        ("validation-failed", False, False, False),
        ("cancelled", False, False, False),
    ],
)
def test_each_status_of_gc_notify_is_one_of_ours(status: str, delivered: bool, again: bool, asked_after: bool) -> None:
    found = looked(200, {"status": status, "id": "n-1"})
    assert (found.delivered, not found.hopeless and not found.delivered) == (delivered, again)
    assert (found.reference == "n-1") == asked_after
    assert found.failed == (not delivered and not asked_after)


@pytest.mark.parametrize(
    ("code", "hopeless"), [(400, True), (401, False), (403, False), (429, False), (500, False), (503, False)]
)
def test_what_gc_notify_refuses_is_sent_again_where_that_may_help(code: int, hopeless: bool) -> None:
    assert sent(code, {}).hopeless == hopeless
    assert sent(code, {}).ours != hopeless
    assert sent(201, {"id": "n-1"}).reference == "n-1"
