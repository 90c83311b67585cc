"""Clock rule 1: which days are business days, in which zone, and what the others are called in both languages."""

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendars import calendar
from shared.contracts.measure import CalendarName
from shared.language import Bilingual

DAYS = st.dates(date(1995, 1, 1), date(2065, 12, 31))
quick = settings(deadline=None, max_examples=100)


def named(english: str, french: str) -> Bilingual:
    return Bilingual(en=english, fr=french)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2024-01-01", named("New Year's Day", "Jour de l'an")),
        ("2024-03-29", named("Good Friday", "Vendredi saint")),
        ("2024-04-01", named("Easter Monday", "Lundi de Pâques")),
        ("2024-05-20", named("Victoria Day", "Fête de la Reine")),
        ("2024-07-01", named("Canada Day", "Fête du Canada")),
        ("2024-09-02", named("Labour Day", "Fête du Travail")),
        (
            "2024-09-30",
            named(
                "National Day for Truth and Reconciliation", "Journée nationale de la vérité et de la réconciliation"
            ),
        ),
        ("2024-10-14", named("Thanksgiving Day", "Action de grâce")),
        ("2024-11-11", named("Remembrance Day", "Jour du Souvenir")),
        ("2024-12-25", named("Christmas Day", "Jour de Noël")),
        ("2024-12-26", named("Boxing Day", "Lendemain de Noël")),
    ],
)
def test_federal_holidays_of_2024_have_a_name_in_both_languages(day: str, name: Bilingual) -> None:
    assert calendar("CA").holiday(date.fromisoformat(day)) == name
    assert not calendar("CA").is_business_day(date.fromisoformat(day))


def test_2024_has_250_federal_business_days_and_11_holidays_on_weekdays() -> None:
    # 366 days less 52 Saturdays and 52 Sundays are 262 weekdays; the 11 holidays above all fall on one.
    assert calendar("CA").business_days_between(date(2023, 12, 31), date(2024, 12, 31)) == 262 - 11


def test_a_holiday_on_a_weekend_is_moved_to_the_next_weekdays() -> None:
    federal = calendar("CA")
    assert [day for day in range(24, 32) if federal.is_business_day(date(2021, 12, day))] == [24, 29, 30, 31]
    assert federal.holiday(date(2021, 12, 28)) == named("Boxing Day (observed)", "Lendemain de Noël (congé reporté)")


def test_the_day_for_truth_and_reconciliation_is_a_holiday_since_2021() -> None:
    assert calendar("CA").is_business_day(date(2020, 9, 30))
    assert not calendar("CA").is_business_day(date(2021, 9, 30))


@pytest.mark.parametrize("year_and_day", ["2000-04-24", "2016-03-28", "2019-04-22", "2025-04-21", "2038-04-26"])
def test_easter_monday_is_three_days_after_good_friday(year_and_day: str) -> None:
    monday = date.fromisoformat(year_and_day)
    assert calendar("CA").holiday(monday) == named("Easter Monday", "Lundi de Pâques")
    assert calendar("CA-YT").holiday(monday) == named("Easter Monday", "Lundi de Pâques")


def test_no_french_name_is_left_in_english() -> None:
    every_day = [date(2000, 1, 1) + timedelta(days=n) for n in range(61 * 365)]
    for name in get_args(CalendarName):
        french = {holiday.fr for day in every_day if (holiday := calendar(name).holiday(day))}
        assert not [text for text in french if "Day" in text or "Boxing" in text or "(observé)" in text]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("CA-QC", date(2024, 6, 24)),
        ("CA-AB", date(2024, 2, 19)),
        ("CA-NL", date(2024, 7, 1)),
        ("CA-NT", date(2024, 6, 21)),
        ("CA-YT", date(2024, 8, 19)),
        ("CA-BC", date(2024, 8, 5)),
    ],
)
def test_a_province_adds_its_own_holidays(name: str, day: date) -> None:
    assert not calendar(name).is_business_day(day)


@pytest.mark.parametrize("name", get_args(CalendarName))
def test_a_province_keeps_every_federal_holiday(name: str) -> None:
    every_day = [date(2000, 1, 1) + timedelta(days=n) for n in range(61 * 365)]
    federal = [day for day in every_day if calendar("CA").holiday(day)]
    assert not [day for day in federal if calendar(name).is_business_day(day)]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("CA", "America/Toronto"),
        ("CA-NL", "America/St_Johns"),
        ("CA-NS", "America/Halifax"),
        ("CA-SK", "America/Regina"),
        ("CA-BC", "America/Vancouver"),
    ],
)
def test_a_calendar_has_the_time_zone_of_its_place(name: str, zone: str) -> None:
    assert calendar(name).zone.key == zone


def test_business_days_between_excludes_the_first_day_and_includes_the_last() -> None:
    federal = calendar("CA")
    assert federal.business_days_between(date(2024, 3, 4), date(2024, 3, 8)) == 4
    assert federal.business_days_between(date(2024, 3, 8), date(2024, 3, 10)) == 0
    assert federal.business_days_between(date(2024, 3, 27), date(2024, 4, 2)) == 2  # Thursday 28, Tuesday 2
    assert federal.business_days_between(date(2024, 3, 8), date(2024, 3, 4)) == -4


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2024-03-04", 0, "2024-03-04"),
        ("2024-03-02", 0, "2024-03-02"),
        ("2024-03-04", 5, "2024-03-11"),
        ("2024-03-02", 1, "2024-03-04"),
        ("2024-03-28", 1, "2024-04-02"),
        ("2024-12-24", 2, "2024-12-30"),
        ("1999-12-31", 1, "2000-01-04"),  # Monday 3 is New Year's Day, moved from a Saturday
        ("2060-12-31", 1, "2061-01-03"),  # after a Friday, where holidays are no longer known
        ("1999-12-27", 2, "1999-12-29"),
    ],
)
def test_adding_business_days_gives_the_nth_one_after(start: str, days: int, end: str) -> None:
    assert calendar("CA").add_business_days(date.fromisoformat(start), days) == date.fromisoformat(end)


def test_business_days_cannot_be_taken_away() -> None:
    with pytest.raises(ValueError, match="added"):
        calendar("CA").add_business_days(date(2024, 3, 4), -1)


def test_an_unknown_calendar_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        calendar("CA-XX")


def test_an_exception_day_is_noted_moves_the_count_and_makes_another_version() -> None:
    federal = calendar("CA")
    storm = named("Offices closed: ice storm", "Bureaux fermés : tempête de verglas")
    closed = federal.with_exceptions({date(2024, 3, 5): storm})
    assert closed.holiday(date(2024, 3, 5)) == storm
    assert closed.add_business_days(date(2024, 3, 4), 1) == date(2024, 3, 6)
    assert federal.add_business_days(date(2024, 3, 4), 1) == date(2024, 3, 5)
    assert closed.version != federal.version
    assert closed.version == federal.with_exceptions({date(2024, 3, 5): storm}).version
    assert federal.with_exceptions({}).version == federal.version
    assert (closed.name, closed.zone) == (federal.name, federal.zone)


@quick
@given(DAYS)
def test_the_count_grows_by_one_on_business_days_and_stands_on_others(day: date) -> None:
    federal = calendar("CA")
    before = day - timedelta(days=1)
    assert federal.business_days_between(before, day) == federal.is_business_day(day)


@quick
@given(DAYS, st.integers(1, 400))
def test_adding_and_counting_agree(day: date, days: int) -> None:
    federal = calendar("CA")
    end = federal.add_business_days(day, days)
    assert federal.business_days_between(day, end) == days
    assert federal.is_business_day(end)
