"""When a client can expect a decision, and why then (clock rule 8)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.status.domain.application import Application, Step, clocks_of
from services.status.domain.clocks import Rules, Standard
from services.status.domain.expectation import FEWEST, Expectation, Typical, instead, is_overdue, promised
from shared.contracts.measure import Measure
from shared.contracts.reported.status import ApplicationState
from shared.language import Bilingual

START = datetime(2025, 6, 2, 15, tzinfo=UTC)  # a Monday
NAME = Bilingual(en="A standard", fr="Une norme")
RULES = Rules([Standard("S-1", date(2024, 4, 1), NAME, None, Measure(limit="P10D", days="business", confirmed=True))])
DUE = date(2025, 6, 16)


def application(*states: ApplicationState, expected_at: datetime | None = None) -> Application:
    """Reported a day apart from a Monday on."""
    steps = tuple(
        Step("/s", str(number), state, START + timedelta(days=number), None, None, None, None)
        for number, state in enumerate(states)
    )
    return Application("9001", "A-1", "S", states[-1], len(steps), None, expected_at, steps, {})


def promise(one: Application, now: datetime) -> Expectation:
    return promised(one, clocks_of(one, RULES, now))


def later(one: Application, typical: Typical | None, now: datetime) -> Expectation:
    return instead(promise(one, now), one, clocks_of(one, RULES, now), RULES, typical, now)


def test_the_department_s_own_date_comes_first() -> None:
    own = datetime(2025, 6, 10, tzinfo=UTC)
    found = promise(application("submitted", expected_at=own), START)
    assert found.at == own
    assert found.because is not None
    assert "department gave" in found.because.en


def test_without_one_the_standard_s_due_date_is_told_with_its_day() -> None:
    found = promise(application("submitted"), START)
    assert found.on == DUE
    assert found.at == datetime(2025, 6, 17, 4, tzinfo=UTC)  # the end of that day in Ottawa


def test_while_the_client_is_asked_for_something_there_is_no_date_and_that_is_said() -> None:
    found = promise(application("submitted", "information_requested"), START + timedelta(days=2))
    assert found.at is None
    assert found.because is not None
    assert "suspendu" in found.because.fr


@pytest.mark.parametrize("state", ["closed", "withdrawn"])
def test_of_what_has_ended_nothing_is_expected(state: ApplicationState) -> None:
    assert promise(application("submitted", state, expected_at=START), START + timedelta(days=2)) == Expectation()


def test_once_decided_the_department_s_date_has_had_its_day() -> None:
    one = application("submitted", "decided", expected_at=START + timedelta(days=9))
    assert promise(one, START + timedelta(days=2)) == Expectation()


def test_a_date_is_overdue_from_its_end_on() -> None:
    one = application("submitted")
    at = datetime(2025, 6, 17, 4, tzinfo=UTC)
    assert not is_overdue(promise(one, at), at - timedelta(seconds=1))
    assert is_overdue(promise(one, at), at)


def test_once_overdue_what_such_applications_take_just_now_is_told_as_that() -> None:
    now = datetime(2025, 6, 18, tzinfo=UTC)
    found = later(application("submitted"), Typical(15, 240), now)
    assert found.on == date(2025, 6, 23)
    assert found.because is not None
    assert "eight in ten were decided within 15 business days" in found.because.en
    assert "240" in found.because.fr
    assert "15 jours ouvrables" in found.because.fr


@pytest.mark.parametrize(
    "typical", [None, Typical(15, FEWEST - 1), Typical(11, 240)], ids=["none", "of too few", "passed too"]
)
def test_where_others_say_nothing_the_passed_date_stays_and_is_called_late(typical: Typical | None) -> None:
    now = datetime(2025, 6, 20, tzinfo=UTC)
    found = later(application("submitted"), typical, now)
    assert found.on == DUE
    assert found.because is not None
    assert "counts as late" in found.because.en


def test_an_hour_s_standard_is_told_in_whole_hours() -> None:
    hours = Rules([Standard("S-1", date(2024, 4, 1), NAME, None, Measure(limit="PT48H", confirmed=True))])
    one, now = application("submitted"), START + timedelta(hours=50)
    clocks = clocks_of(one, hours, now)
    found = instead(promised(one, clocks), one, clocks, hours, Typical(60 * 3600 + 1, 50), now)
    assert found.at == START + timedelta(hours=60, seconds=1)
    assert found.because is not None
    assert "61 hours" in found.because.en


def test_a_limit_in_hours_is_kept_at_the_very_instant_at_which_it_ends() -> None:
    hours = Rules([Standard("S-1", date(2024, 4, 1), NAME, None, Measure(limit="PT48H", confirmed=True))])
    one, now = application("submitted"), START + timedelta(hours=48)
    clocks = clocks_of(one, hours, now)
    promise_ = promised(one, clocks)
    assert instead(promise_, one, clocks, hours, Typical(60 * 3600, 50), now) == promise_


OWN = datetime(2025, 6, 5, tzinfo=UTC)  # long before the standard's due date


def test_where_the_department_s_date_has_passed_and_its_standard_is_kept_nothing_is_called_late() -> None:
    found = later(application("submitted", expected_at=OWN), None, OWN + timedelta(days=1))
    assert found.on == DUE
    assert found.because is not None
    assert "late" not in found.because.en
    assert "retard" not in found.because.fr
    assert "The date that the department gave has passed" in found.because.en


def test_what_others_take_is_told_of_a_department_s_date_without_calling_late_what_is_in_time() -> None:
    found = later(application("submitted", expected_at=OWN), Typical(15, 240), OWN + timedelta(days=1))
    assert found.on == date(2025, 6, 23)
    assert found.because is not None
    assert "it is not late" in found.because.en
    assert "il n'est pas en retard" in found.because.fr


def test_once_its_standard_is_late_too_that_is_said() -> None:
    found = later(application("submitted", expected_at=OWN), None, datetime(2025, 6, 20, tzinfo=UTC))
    assert found.at == OWN
    assert found.because is not None
    assert "counts as late" in found.because.en


def test_while_the_client_is_asked_for_something_a_passed_date_is_not_held_against_the_department() -> None:
    one = application("submitted", "information_requested", expected_at=OWN)
    found = later(one, Typical(15, 240), OWN + timedelta(days=1))
    assert found.at is None
    assert found.because is not None
    assert "stands still" in found.because.en


def test_a_date_without_any_standard_passes_and_is_called_nothing_else() -> None:
    one, now = application("submitted", expected_at=OWN), OWN + timedelta(days=1)
    found = instead(promised(one, {}), one, {}, Rules(), None, now)
    assert found.at == OWN
    assert found.because is not None
    assert found.because.en == "The date that the department gave has passed. It has given no other date."


def test_after_a_standard_that_has_stopped_the_date_of_one_that_runs_is_told() -> None:
    issued = Standard("S-2", date(2024, 4, 1), NAME, None, Measure(limit="P30D", ends="issued", confirmed=True))
    one = application("submitted", "decided")
    found = promised(one, clocks_of(one, Rules([*RULES.standards, issued]), START + timedelta(days=2)))
    assert found.on == date(2025, 7, 2)


def test_a_date_by_a_measure_that_nobody_confirmed_is_told_as_that() -> None:
    one = application("submitted")
    clocks = clocks_of(one, RULES, START)
    found = promised(one, clocks, {"S-1"})
    assert (found.at, found.on) == (promised(one, clocks).at, DUE)
    assert found.because is not None
    assert "not yet confirmed" in found.because.en
    assert "non encore confirmée" in found.because.fr
