"""How numbers, dates and limits are written in each language."""

from datetime import UTC, date, datetime

import pytest

from shared.language import Language
from shared.web.words import Words


@pytest.mark.parametrize(("language", "written"), [("en", "70.0%"), ("fr", "70,0\u00a0%")])
def test_a_share_has_one_decimal_and_in_french_a_space_that_does_not_break(language: Language, written: str) -> None:
    assert Words(language).percent(0.7) == written


def test_a_share_that_rounding_would_make_equal_to_its_target_shows_the_difference() -> None:
    assert Words("en").percent(0.69987, 0.7) == "69.99%"
    assert Words("en").percent(0.7, 0.7) == "70.0%"
    assert Words("en").percent(0.6, 0.7) == "60.0%"


def test_what_is_not_known_is_a_dash_never_a_zero() -> None:
    words = Words("fr")
    written = [words.number(None), words.percent(None), words.day(None), words.moment(None), words.decimal(None)]
    assert written == ["–"] * 5


def test_the_first_of_a_month_is_an_ordinal_in_french() -> None:
    assert Words("fr").day(date(2026, 4, 1)) == "1er avril 2026"
    assert Words("fr").day(date(2026, 4, 11)) == "11 avril 2026"
    assert Words("en").day(date(2026, 4, 1)) == "April 1, 2026"


def test_moments_are_ottawa_s() -> None:
    moment = datetime(2026, 11, 25, 15, 4, 5, tzinfo=UTC)
    assert Words("fr").moment(moment) == "25 nov. 2026, 10 h 04"
    assert Words("fr").instant(moment) == "25 nov. 2026, 10 h 04 min 05 s"
    assert Words("en").moment(moment).replace("\u202f", " ") == "Nov 25, 2026, 10:04 a.m."


@pytest.mark.parametrize(
    ("limit", "days", "en", "fr"),
    [
        ("P10D", "business", "10 business days", "10 jours ouvrables"),
        ("P1D", "business", "1 business day", "1 jour ouvrable"),
        ("P30D", "calendar", "30 calendar days", "30 jours civils"),
        ("P6W", "calendar", "6 weeks", "6 semaines"),
        ("P3M", "calendar", "3 months", "3 mois"),
        ("PT48H", "calendar", "48 hours", "48 heures"),
        ("PT10M", "calendar", "10 minutes", "10 minutes"),
    ],
)
def test_a_limit_is_written_in_words(limit: str, days: str, en: str, fr: str) -> None:
    measure = {"limit": limit, "days": days}
    assert (Words("en").limit(measure), Words("fr").limit(measure)) == (en, fr)
