"""Deliveries: when they are tried again, how they are signed, what an answer means, and who has a place."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.status.delivering import mail
from services.status.delivering.places import FAILING_PLACES, FEWEST, MOST, PLACES, START, Places
from services.status.delivering.recording import Told
from services.status.delivering.sealing import new_secret
from services.status.delivering.webhooks import answered, signed
from services.status.delivering.worker import LEASE, TRY_SECONDS
from services.status.domain.retries import LONGEST_ASKED, SCHEDULE, Tried, next_try
from services.status.domain.subscriptions import Standing, masked
from services.status.store import Claimed
from shared.settings import load_settings
from tests.unit.test_status_letters import claimed as a_letter

NOW = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)
CHANCE = st.floats(0, 1)


def claimed(tries: int) -> Claimed:
    """A delivery that was tried so often."""
    return replace(a_letter(), channel="webhook", tries=tries)


# When


@given(st.integers(1, len(SCHEDULE)), CHANCE)
def test_each_try_comes_later_by_its_schedule_give_or_take_a_tenth(tries: int, chance: float) -> None:
    found = next_try(tries, None, chance, NOW)
    assert found is not None
    assert SCHEDULE[tries - 1] * 0.9 - 0.001 <= (found - NOW).total_seconds() <= SCHEDULE[tries - 1] * 1.1 + 0.001


@given(st.lists(CHANCE, min_size=len(SCHEDULE), max_size=len(SCHEDULE)))
def test_the_tries_of_a_schedule_go_on_for_five_days_give_or_take_a_half(chances: list[float]) -> None:
    at = NOW
    for tries, chance in enumerate(chances, 1):
        found = next_try(tries, None, chance, at)
        assert found is not None
        at = found
    assert timedelta(days=4.6) < at - NOW < timedelta(days=5.7)
    assert next_try(len(SCHEDULE) + 1, None, 0.5, at) is None


@given(st.integers(len(SCHEDULE) + 1, 1000), CHANCE)
def test_what_is_not_given_up_is_tried_again_once_a_day(tries: int, chance: float) -> None:
    found = next_try(tries, None, chance, NOW, endless=True)
    assert found is not None
    assert timedelta(hours=21) < found - NOW < timedelta(hours=27)


@given(st.integers(1, len(SCHEDULE)), CHANCE, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_a_receiver_may_ask_for_later_up_to_a_day_and_never_for_sooner(
    tries: int, chance: float, asked: timedelta
) -> None:
    scheduled, found = next_try(tries, None, chance, NOW), next_try(tries, asked, chance, NOW)
    assert scheduled is not None
    assert found == max(scheduled, NOW + min(asked, LONGEST_ASKED))


def stands(*tries: tuple[float, Tried]) -> Standing:
    """After tries, each so many days from now."""
    standing = Standing()
    for days, tried in tries:
        standing = standing.after(tried, NOW + timedelta(days=days))
    return standing


FAILED, DELIVERED = Tried(500, "receiver_failed"), Tried(204)


def test_five_days_of_failing_suspend() -> None:
    assert not stands(*((day, FAILED) for day in (0, 1, 2, 3, 4, 4.99))).is_to_be_suspended
    assert stands(*((day, FAILED) for day in (0, 1, 2, 3, 4, 5))).is_to_be_suspended


@given(st.lists(CHANCE, min_size=14, max_size=14))
def test_what_fails_at_every_try_is_suspended_before_it_is_given_up_whatever_chance_does(chances: list[float]) -> None:
    at, standing = NOW, Standing()
    for tries, chance in enumerate(chances, 1):
        told = Told(claimed(tries - 1), FAILED, at, chance)
        before, standing = standing, standing.after(FAILED, at)
        again = told.next_try(failing=before.failing)
        assert again is not None
        if standing.is_to_be_suspended:
            assert timedelta(days=5) <= at - NOW < timedelta(days=6.2)
            return
        at = again
    pytest.fail(f"not suspended after {at - NOW}")


def test_what_fails_alone_while_its_receiver_takes_others_is_given_up_at_the_end() -> None:
    assert Told(claimed(len(SCHEDULE)), FAILED, NOW, 0.5).next_try(failing=False) is None
    assert Told(claimed(len(SCHEDULE)), Tried(535, "mail_login_refused", ours=True), NOW, 0.5).next_try(failing=False)


def test_a_failure_months_after_another_begins_the_five_days_anew() -> None:
    standing = stands((0, FAILED), (90, FAILED))
    assert (standing.failing_since, standing.is_to_be_suspended) == (NOW + timedelta(days=90), False)


def test_one_success_ends_a_failing_and_what_is_our_own_fault_or_still_under_way_says_nothing() -> None:
    failing = stands((0, FAILED))
    assert failing.after(DELIVERED, NOW) == Standing()
    for tried in (Tried(535, "mail_login_refused", ours=True), Tried(201, "under_way", reference="n")):
        assert failing.after(tried, NOW + timedelta(days=9)) == failing
        assert Standing().after(tried, NOW) == Standing()


def test_a_try_by_any_channel_is_over_well_before_its_lease() -> None:
    assert mail._LETTER_SECONDS + mail._GOODBYE_SECONDS < TRY_SECONDS
    assert LEASE.total_seconds() * 0.7 > TRY_SECONDS


# What an answer means


@pytest.mark.parametrize(
    ("status", "delivered", "gone"),
    [(200, True, False), (204, True, False), (299, True, False), (301, False, False), (307, False, False),
     (400, False, False), (404, False, False), (410, False, True), (429, False, False), (500, False, False),
     (503, False, False)],
)  # fmt: skip
def test_only_2xx_is_a_delivery_and_only_410_an_end(status: int, delivered: bool, gone: bool) -> None:
    found = answered(status, None, NOW)
    assert (found.delivered, found.gone, found.code) == (delivered, gone, status)


@pytest.mark.parametrize(
    ("text", "asked"),
    [("120", timedelta(seconds=120)), ("0", timedelta(0)), (format_datetime(NOW + timedelta(hours=1), usegmt=True), timedelta(hours=1)),
     ("soon", None), ("-5", None), ("9" * 40, None), ("Mon, 99 May 2026 99:00:00 GMT", None), (None, None)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text: str | None, asked: timedelta | None) -> None:
    assert answered(503, text, NOW).asked == asked


# Signatures


@given(st.binary(min_size=1, max_size=300).map(lambda body: body.hex()), st.integers(1, 3))
def test_the_reference_implementation_verifies_by_each_secret(body: str, secrets: int) -> None:
    made = [new_secret() for _ in range(secrets)]
    headers = signed("msg_1", int(datetime.now(UTC).timestamp()), f'"{body}"'.encode(), made)
    for secret in made:
        assert Webhook(secret).verify(f'"{body}"', headers) == body


def test_a_signature_is_the_standard_s_own_example() -> None:
    """Standard Webhooks 1.0, `Signature scheme`: as the reference implementation signs."""
    secret, moment = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime(2021, 2, 25, 15, 7, 16, tzinfo=UTC)
    body = '{"test": 2432232314}'
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", int(moment.timestamp()), body.encode(), [secret])
    assert headers["webhook-signature"] == Webhook(secret).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, body)


@given(st.text(min_size=1, max_size=40), st.binary(max_size=200), st.integers(0, 2**40))
def test_lesson_5_16_no_message_goes_without_its_id_its_moment_and_its_signature(
    message_id: str, body: bytes, moment: int
) -> None:
    """Dedup skipped when the id header is missing (open-mercato #1343)."""
    headers = signed(message_id, moment, body, [new_secret()])
    assert set(headers) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (message_id, str(moment))
    assert headers["webhook-signature"].startswith("v1,")


# Places


def test_a_destination_begins_with_a_few_places_and_gets_more_as_it_answers_well() -> None:
    places = Places()
    assert places.start("live") == START
    for wanted in (8, 16, 32, 64, 64):
        places.take("a", "live")
        places.give_back("a", "live", well=True)
        assert places.rooms("live")["a"] == (min(wanted, MOST), False)
    places.take("a", "live")
    places.give_back("a", "live", well=False)
    assert places.rooms("live")["a"] == (FEWEST, True)


def test_a_destination_that_fails_takes_its_places_from_nobody_else() -> None:
    places = Places()
    for _ in range(START):
        places.take("dead", "live")
    assert places.rooms("live")["dead"].room == 0
    assert places.free("live") == PLACES - START


def test_all_that_fails_has_an_eighth_of_the_places_together_and_gives_them_back() -> None:
    places = Places()
    for number in range(FAILING_PLACES):
        places.take(f"dead-{number}", "live", failing=True)
    assert (places.free_for_failing, places.free("live")) == (0, PLACES - PLACES // 8)
    places.give_back("dead-0", "live", well=True, failing=True)
    assert (places.free_for_failing, places.rooms("live")["dead-0"].failing) == (1, False)


@given(st.lists(st.sampled_from(["live", "bulk"]), max_size=300))
def test_bulk_has_half_of_the_places_at_most_and_never_all_of_a_destination(lanes: list[str]) -> None:
    places = Places()
    taken = {"live": 0, "bulk": 0}
    for number, lane in enumerate(lanes):
        name = f"d{number % 7}"
        if places.free(lane) > 0 and places.rooms(lane).get(name, (places.start(lane), False))[0] > 0:
            places.take(name, lane)
            taken[lane] += 1
    assert taken["bulk"] <= PLACES // 2
    assert taken["bulk"] <= 7 * START // 2
    assert sum(taken.values()) == places.taken <= 7 * START


# Masks


@pytest.mark.parametrize(
    ("channel", "address", "shown"),
    [
        ("webhook", "https://example.org:8443/secret/path?token=x", "https://example.org:8443/…"),
        ("webhook", "https://example.org?token=x", "https://example.org/…"),
        ("email", "someone@example.org", "s…@example.org"),
        ("notify", "x@example.org", "x…@example.org"),
    ],
)
def test_an_address_is_shown_so_that_it_is_known_again_and_no_more(channel: str, address: str, shown: str) -> None:
    assert masked(channel, address) == shown  # type: ignore[arg-type]


# Settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"GUICHET_WEBHOOK_TARGETS": "any"}, "GUICHET_WEBHOOK_TARGETS"),
        ({"GUICHET_SMTP": "smtp://127.0.0.1"}, "GUICHET_MAIL_FROM"),
        ({"GUICHET_SMTP": "127.0.0.1"}, "GUICHET_SMTP"),
        ({"GUICHET_NOTIFY_KEY": "k"}, "GUICHET_NOTIFY_TEMPLATE_FR"),
    ],
)
def test_settings_that_cannot_be_stop_the_service_and_are_named(
    settings: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("GUICHET_")]:
        monkeypatch.delenv(name)
    needed = {"DATABASE_URL": "postgresql://x", "KAFKA_BOOTSTRAP": "x:1", "PEPPER": "p" * 32, "MASTER_KEY": "A" * 43}
    for name, value in {**{f"GUICHET_{name}": value for name, value in needed.items()}, **settings}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load_settings()
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err
