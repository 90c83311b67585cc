"""The two tools, and what becomes of a measure that a person has confirmed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain import (
    ASPECTS,
    CRITERIA,
    QUESTIONS,
    RATED,
    RATINGS,
    Confirmation,
    as_confirmed,
    fields_of,
    is_a_service,
    propose_priority,
)
from shared.contracts.measure import Measure
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.language import Bilingual
from tests.unit.test_reported_inventory import SERVICE, STANDARD

MEASURE = Measure(limit="P10D", days="business", confirmed=True)


def test_every_word_of_the_tools_is_in_both_languages() -> None:
    said = [*QUESTIONS.values(), *(text for _, text in [*ASPECTS.values(), *RATED.values()]), *RATINGS.values()]
    assert [each for each in said if each.en == each.fr] == []
    assert len(QUESTIONS) == 8


@given(st.dictionaries(st.sampled_from(list(QUESTIONS)), st.booleans()))
def test_it_is_a_service_where_all_eight_are_answered_with_yes_and_not_where_one_is_no(
    answers: dict[str, bool],
) -> None:
    found = is_a_service(answers)
    assert (found.is_service is True) == (len(answers) == 8 and all(answers.values()))
    assert (found.is_service is False) == (not all(answers.values()))
    assert set(found.against) | set(found.open) == {each for each in QUESTIONS if not answers.get(each)}


@given(
    st.frozensets(st.sampled_from([*ASPECTS, "none of them"])),
    st.dictionaries(st.sampled_from([*RATED, "none of them"]), st.sampled_from([*RATINGS, ""])),
)
def test_a_priority_service_is_one_by_a_criterion_of_the_policy(yes: frozenset[str], ratings: dict[str, str]) -> None:
    found = propose_priority(yes, ratings, None)
    assert found.designated is bool(found.criteria)
    high = {each for each, rating in ratings.items() if rating == "high"} & RATED.keys()
    spoken_for = {ASPECTS[each][0] for each in yes & ASPECTS.keys()} | {RATED[each][0] for each in high}
    assert set(found.criteria) == spoken_for - {None}
    assert list(found.criteria) == [each for each in CRITERIA if each in found.criteria]


def test_what_the_tool_proposes_is_what_a_report_takes() -> None:
    proposed = propose_priority(frozenset({"fee"}), {"volume": "high"}, Bilingual(en="Why", fr="Pourquoi"))
    reported = ServiceReported.model_validate({**SERVICE, "priority": proposed.model_dump(mode="json")})
    assert reported.priority == proposed


# Measures


def standard(**fields: object) -> ServiceStandardReported:
    return ServiceStandardReported.model_validate({**STANDARD, **fields})


CONFIRMED = Confirmation(STANDARD["service_standard_en"], STANDARD["service_standard_fr"], MEASURE)


def test_a_confirmed_measure_holds_for_a_later_row_without_one_while_its_sentences_stand() -> None:
    assert as_confirmed(standard(), CONFIRMED).measure == MEASURE
    assert as_confirmed(standard(fiscal_year="2026-2027"), CONFIRMED).measure == MEASURE


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_sentence_that_changed_is_to_be_confirmed_anew(language: str) -> None:
    changed = standard(**{f"service_standard_{language}": "Within 20 days"})
    assert as_confirmed(changed, CONFIRMED) == changed


def test_what_a_department_says_of_its_measure_is_its_own_word() -> None:
    other = standard(measure={"limit": "P20D"})
    assert as_confirmed(other, CONFIRMED) == other
    same = standard(measure={"limit": "P10D", "days": "business"})
    assert as_confirmed(same, CONFIRMED).measure == MEASURE


def test_the_same_row_imported_again_is_no_new_version_after_a_confirmation() -> None:
    once = as_confirmed(standard(), CONFIRMED)
    again = as_confirmed(standard(), CONFIRMED)
    assert fields_of(once) == fields_of(again)
    assert fields_of(once)["measure"]["confirmed"] is True
