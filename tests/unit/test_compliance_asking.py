"""A verdict's id is its whole question; settings are changed by name; what-if compares, and says what differs."""

import base64
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.compliance import RULE_SETS, SUCCESSORS, evaluate, requirements, rule_version
from services.reporting.domain.compliance.asking import Cut, Question, read_verdict_id, verdict_id
from services.reporting.domain.compliance.changing import compared, differences
from services.reporting.domain.compliance.settings import Settings, changed
from tests.unit.evidence import Log

MOMENTS = st.datetimes(datetime(2014, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


@given(
    st.sampled_from(RULE_SETS),
    st.text(min_size=1, max_size=6),
    st.dates(date(2000, 1, 1), date(2100, 12, 31)),
    MOMENTS,
    st.none() | st.integers(0, 2**62),
    st.booleans(),
    st.dictionaries(st.sampled_from(sorted(Settings.__dataclass_fields__)), st.integers(0, 100)),
)
def test_a_verdict_s_id_is_read_back_as_its_question(
    rules: str, org_id: str, as_of: date, known_to: datetime, position: int | None, as_if: bool, changes: dict[str, int]
) -> None:
    asked = Question(org_id, rules, as_of, Cut(known_to, position), as_if, changes)  # type: ignore[arg-type]
    for requirement in requirements(asked.rules):
        name = verdict_id(asked, requirement, rule_version(asked.rules))
        assert read_verdict_id(name) == (asked, requirement, rule_version(asked.rules))
        assert name.replace("-", "").replace("_", "").isalnum()


@given(st.text() | st.binary().map(lambda some: base64.urlsafe_b64encode(some).decode()))
def test_what_is_no_verdict_s_id_is_no_question(name: str) -> None:
    with pytest.raises(ValueError, match="no verdict's id"):
        read_verdict_id(name)


@pytest.mark.parametrize(
    ("as_of", "year", "changes"),
    [
        (date(1999, 12, 31), 2020, {}),
        (date(2018, 3, 31), 9999, {}),
        (date(2018, 3, 31), 2020, {"review_years": 101}),
        (date(2018, 3, 31), 2020, {"review_yaers": 1}),
    ],
)
def test_a_question_that_nobody_can_ask_has_no_id(as_of: date, year: int, changes: dict[str, int]) -> None:
    asked = Question("12", "policy-2014", as_of, Cut(datetime(year, 1, 1, tzinfo=UTC)), changes=changes)
    with pytest.raises(ValueError, match="no verdict's id"):
        read_verdict_id(verdict_id(asked, "7.4", rule_version("policy-2014")))


def test_a_setting_that_is_none_of_ours_is_refused_in_both_languages() -> None:
    with pytest.raises(ValueError, match=r"the settings are .* \| les paramètres sont "):
        changed(Settings(), {"review_yaers": 3})
    with pytest.raises(ValueError, match=r"is a number from .* \| "):
        changed(Settings(), {"review_years": -1})
    assert changed(Settings(), {"review_years": 3}).review_years == 3


def test_what_if_a_setting_were_another_number_names_the_verdicts_that_differ_and_the_things() -> None:
    log = Log()
    log.service("S", "2019-2020", priority={"designated": True})
    log.record("service_review_completed", "2015-05-01", service_id="S", areas=["redesign"])
    day = date(2019, 6, 1)
    now = evaluate("policy-2014", log.facts(), day, Settings())
    then = evaluate("policy-2014", log.facts(), day, Settings(review_years=3))
    (found,) = [each for each in compared(now, then, SUCCESSORS) if each.requirement == "7.4"]
    assert found.before is not None
    assert found.now is not None
    assert (found.before.state, found.now.state) == ("partially_compliant", "non_compliant")


def test_what_if_the_other_rule_set_were_in_force_sets_each_clause_against_its_successor() -> None:
    log = Log()
    log.service("S", "2017-2018", points="YYYYYY")
    old, new = (evaluate(rules, log.facts(), date(2018, 3, 31), Settings(), as_if_in_force=True) for rules in RULE_SETS)
    found = {each.requirement: each for each in compared(old, new, SUCCESSORS)}
    assert found["7.6"].now is None
    assert found["7.9"].now is not None
    assert found["7.9"].now.requirement == "PSD-4.1.11"
    back = {each.now.requirement for each in compared(new, old, SUCCESSORS) if each.now is not None}
    assert "7.9" in back
    assert set(SUCCESSORS) == set(requirements("policy-2014"))
    assert {each for some in SUCCESSORS.values() for each in some} == set(requirements("policy-2020"))


def test_what_made_a_difference_is_named_also_where_it_took_something_away() -> None:
    log, then = Log(), Log()
    log.service("S", priority={"designated": True})
    review = log.record("service_review_completed", "2017-05-01", "S/1", service_id="S", areas=["redesign"])
    then.entries = list(log.entries)
    gone = log.record(
        "service_review_completed", "2017-05-01", "S/1", service_id="S", areas=["redesign"], withdrawn=True
    )
    log.record("assessment_completed", "2018-01-01", fiscal_year="2017-2018")
    day = date(2018, 3, 31)
    before = evaluate("policy-2014", then.facts(), day, Settings())
    now = evaluate("policy-2014", log.facts(), day, Settings())
    found = {each.requirement: each for each in differences(before, now, then.entries, log.entries)}
    assert set(found) == {"7.4", "8.1a"}
    assert found["7.4"].events == (gone.ref,)
    assert found["7.4"].before is not None
    assert review.ref in found["7.4"].before.inputs
