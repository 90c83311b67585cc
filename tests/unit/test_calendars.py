"""Clock rule 1: which days are business days, in which zone, and what the others are called in both languages."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendars import ExceptionDay, calendar, excepting
from shared.calendars.canada import write_version
from shared.calendars.exceptions import in_force
from shared.calendars.versions import FOLDER, versions
from shared.contracts.measure import CalendarName
from shared.language import Bilingual

DAYS = st.dates(date(1995, 1, 1), date(2065, 12, 31))


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


def test_the_national_day_of_mourning_of_2022_is_a_federal_holiday_and_so_one_everywhere() -> None:
    monday = date(2022, 9, 19)
    assert calendar("CA").holiday(monday) == named("National Day of Mourning", "Jour de deuil national")
    assert not [name for name in get_args(CalendarName) if calendar(name).is_business_day(monday)]
    own = calendar("CA-BC").holiday(monday)
    assert own is not None
    assert own.en == "National Day of Mourning; Funeral of Her Majesty the Queen Elizabeth II"
    assert calendar("CA").add_business_days(date(2022, 9, 16), 1) == date(2022, 9, 20)


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


# What each adds in 2026, when 15 February is a Sunday, and 2 August too: third Monday 16 February, first 3 August.
FAMILY_DAY = ("02-16", "Family Day", "Fête de la famille")
CIVIC_HOLIDAY = ("08-03", "Civic Holiday", "Congé civique")
ABORIGINAL_DAY = ("06-21", "National Aboriginal Day", "Journée nationale des Autochtones")


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("CA-AB", [FAMILY_DAY]),
        ("CA-BC", [FAMILY_DAY, ("08-03", "British Columbia Day", "Jour de la Colombie-Britannique")]),
        ("CA-MB", [("02-16", "Louis Riel Day", "Journée Louis Riel")]),
        ("CA-NB", [FAMILY_DAY, ("08-03", "New Brunswick Day", "Jour du Nouveau-Brunswick")]),
        ("CA-NL", [("07-01", "Canada Day; Memorial Day", "Fête du Canada; Jour commémoratif")]),
        ("CA-NS", [("02-16", "Heritage Day", "Fête du Patrimoine")]),
        ("CA-NT", [ABORIGINAL_DAY, CIVIC_HOLIDAY]),
        ("CA-NU", [("07-09", "Nunavut Day", "Jour du Nunavut"), CIVIC_HOLIDAY]),
        ("CA-ON", [FAMILY_DAY]),
        ("CA-PE", [("02-16", "Islander Day", "Fête des Insulaires")]),
        (
            "CA-QC",
            [
                ("05-18", "Victoria Day; National Patriots' Day", "Fête de la Reine; Journée nationale des patriotes"),
                ("06-24", "Saint Jean Baptiste Day", "Fête nationale du Québec"),
            ],
        ),
        ("CA-SK", [FAMILY_DAY, ("08-03", "Saskatchewan Day", "Jour de la Saskatchewan")]),
        ("CA-YT", [ABORIGINAL_DAY, ("08-17", "Discovery Day", "Jour de la Découverte")]),
    ],
)
def test_what_a_province_or_territory_adds_in_2026_has_a_name_in_both_languages(
    name: str, days: list[tuple[str, str, str]]
) -> None:
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    own = {
        day: calendar(name).holiday(day) for day in year if calendar(name).holiday(day) != calendar("CA").holiday(day)
    }
    assert own == {date.fromisoformat(f"2026-{day}"): named(en, fr) for day, en, fr in days}


@pytest.mark.parametrize("name", get_args(CalendarName))
def test_a_province_keeps_every_federal_holiday(name: str) -> None:
    every_day = [date(2000, 1, 1) + timedelta(days=n) for n in range(61 * 365)]
    federal = [day for day in every_day if calendar("CA").holiday(day)]
    assert not [day for day in federal if calendar(name).is_business_day(day)]


@pytest.mark.parametrize(
    ("name", "zone", "winter", "summer"),
    [
        ("CA", "America/Toronto", "-05:00", "-04:00"),
        ("CA-AB", "America/Edmonton", "-07:00", "-06:00"),
        ("CA-BC", "America/Vancouver", "-08:00", "-07:00"),
        ("CA-MB", "America/Winnipeg", "-06:00", "-05:00"),
        ("CA-NB", "America/Moncton", "-04:00", "-03:00"),
        ("CA-NL", "America/St_Johns", "-03:30", "-02:30"),
        ("CA-NS", "America/Halifax", "-04:00", "-03:00"),
        ("CA-NT", "America/Edmonton", "-07:00", "-06:00"),
        ("CA-NU", "America/Iqaluit", "-05:00", "-04:00"),
        ("CA-ON", "America/Toronto", "-05:00", "-04:00"),
        ("CA-PE", "America/Halifax", "-04:00", "-03:00"),
        ("CA-QC", "America/Toronto", "-05:00", "-04:00"),
        ("CA-SK", "America/Regina", "-06:00", "-06:00"),
        ("CA-YT", "America/Whitehorse", "-07:00", "-07:00"),
    ],
)
def test_a_calendar_has_the_time_zone_of_its_place(name: str, zone: str, winter: str, summer: str) -> None:
    here = calendar(name).zone
    assert here.key == zone
    assert [datetime(2024, month, 15, tzinfo=here).isoformat()[-6:] for month in (1, 7)] == [winter, summer]


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


def test_the_exception_days_that_stand_are_those_known_and_not_yet_taken_back() -> None:
    note, monday = named("Closed", "Fermé"), datetime(2024, 3, 4, 15, tzinfo=UTC)
    day, hour = date(2024, 3, 5), timedelta(hours=1)
    known = ExceptionDay(day, note, monday)
    taken_back = known._replace(withdrawn_at=monday + 2 * hour)
    assert in_force([known], "CA", monday - hour) == {}
    assert in_force([known], "CA", monday) == {day: note}
    assert in_force([taken_back], "CA", monday + hour) == {day: note}
    assert in_force([taken_back], "CA", monday + 2 * hour) == {}


def test_an_exception_day_closes_the_calendar_it_names_or_every_one() -> None:
    note, then, day = named("Closed", "Fermé"), datetime(2024, 3, 4, 15, tzinfo=UTC), date(2024, 3, 5)
    in_newfoundland = ExceptionDay(day, note, then, calendar="CA-NL")
    assert not excepting(calendar("CA-NL"), [in_newfoundland], then).is_business_day(day)
    assert excepting(calendar("CA"), [in_newfoundland], then) is calendar("CA")
    assert not excepting(calendar("CA"), [in_newfoundland._replace(calendar=None)], then).is_business_day(day)


def test_of_two_notes_for_one_day_the_one_known_last_is_shown() -> None:
    then, day = datetime(2024, 3, 4, 15, tzinfo=UTC), date(2024, 3, 5)
    days = [
        ExceptionDay(day, named("Closed all day", "Fermé toute la journée"), then + timedelta(hours=2)),
        ExceptionDay(day, named("Closed from noon", "Fermé à partir de midi"), then),
    ]
    noted = excepting(calendar("CA"), days, then + timedelta(days=1)).holiday(day)
    assert noted == named("Closed all day", "Fermé toute la journée")


def test_the_calendar_that_counts_is_the_version_valid_on_the_start_date_whenever_it_became_known(
    tmp_path: Path,
) -> None:
    columns, new_day = "day,calendars,name_en,name_fr\n", "2027-06-15,CA,New day,Jour nouveau\n"
    (tmp_path / "1_from_2000-01-01.csv").write_text(f"{columns}2027-07-01,CA,Canada Day,Fête du Canada\n")
    (tmp_path / "2_from_2027-04-01.csv").write_text(columns + new_day)
    (tmp_path / "3_from_2000-01-01.csv").write_text(f"{columns}2027-07-01,CA,Mended,Corrigé\n")
    mended, later = versions(tmp_path)
    assert [(each.version, each.valid_from) for each in (mended, later)] == [
        ("3", date(2000, 1, 1)),
        ("2", date(2027, 4, 1)),
    ]
    assert mended.holidays_of("CA-QC") == {date(2027, 7, 1): named("Mended", "Corrigé")}
    assert later.holidays_of("CA-QC") == {date(2027, 6, 15): named("New day", "Jour nouveau")}


def test_a_start_date_takes_the_version_valid_from_it_or_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = calendar("CA"), calendar("CA").with_exceptions({date(2027, 6, 15): named("New day", "Jour nouveau")})
    monkeypatch.setattr("shared.calendars._made", lambda _name: [(date(2000, 1, 1), old), (date(2027, 4, 1), new)])
    chosen = calendar.__wrapped__
    assert [chosen("CA", date(2027, *day)) for day in ((3, 31), (4, 1), (12, 31))] == [old, new, new]
    assert (chosen("CA", date(1999, 12, 31)), chosen("CA")) == (old, new)


def test_the_newest_version_is_what_the_package_says_with_our_mends() -> None:
    # Fails where a new release of the package says something else: look at the difference, and if it is right, make a
    # new version of the data. Until then nothing moves.
    made = StringIO()
    write_version(made)
    assert made.getvalue() == (FOLDER / "2_from_2000-01-01.csv").read_text(encoding="utf-8")


def test_the_second_version_mends_the_first_by_one_day() -> None:
    """The first stays as it was released."""
    first, second = (
        set((FOLDER / f"{number}_from_2000-01-01.csv").read_text(encoding="utf-8").splitlines()) for number in (1, 2)
    )
    assert {row.partition(",")[0] for row in first ^ second} == {"2022-09-19"}
    assert calendar("CA").version == "2"


@given(DAYS)
def test_the_count_grows_by_one_on_business_days_and_stands_on_others(day: date) -> None:
    federal = calendar("CA")
    before = day - timedelta(days=1)
    assert federal.business_days_between(before, day) == federal.is_business_day(day)


@given(DAYS, st.integers(1, 400))
def test_adding_and_counting_agree(day: date, days: int) -> None:
    federal = calendar("CA")
    end = federal.add_business_days(day, days)
    assert federal.business_days_between(day, end) == days
    assert federal.is_business_day(end)
