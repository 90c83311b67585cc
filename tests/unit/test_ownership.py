"""Whose a service is on which day: it keeps its id through every transfer."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.ownership import Transfer, ownership

DAY = date(2026, 4, 1)


def test_a_service_nobody_described_is_nobody_s() -> None:
    assert ownership(None, []) is None


def test_a_service_is_its_old_owner_s_until_the_day_before_and_its_new_one_s_from_the_day() -> None:
    found = ownership("139", [Transfer(DAY, "134", "139")])
    assert found is not None
    assert (found.on(DAY - timedelta(days=1)), found.on(DAY), found.everyone) == ("134", "139", {"134", "139"})


def test_lesson_5_19_who_described_a_service_last_does_not_change_whose_it_was() -> None:
    """Its new owner describes it under the same id: what it was before stays its old owner's."""
    for newest in ("134", "139"):
        found = ownership(newest, [Transfer(DAY, "134", "139")])
        assert found is not None
        assert found.on(DAY - timedelta(days=400)) == "134"


@given(st.dictionaries(st.dates(date(2015, 1, 1), date(2030, 1, 1)), st.sampled_from("BCDE"), max_size=6), st.randoms())
def test_the_order_in_which_transfers_are_heard_makes_no_difference(days: dict[date, str], chance: object) -> None:
    owners = ["A", *(days[day] for day in sorted(days))]
    transfers = [Transfer(day, owners[at], owners[at + 1]) for at, day in enumerate(sorted(days))]
    shuffled = list(transfers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    found = ownership("A", shuffled)
    assert found == ownership("A", transfers)
    assert found is not None
    assert {day: found.on(day) for day in days} == days
    assert found.on(date(2014, 1, 1)) == "A"
