"""The steps of oversight: nothing follows by itself, and section 2 bars what it bars."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.compliance import overseeing
from services.reporting.domain.compliance.facts import Body, Entry
from services.reporting.domain.compliance.folding import fold
from services.reporting.domain.compliance.verdict import Verdict
from services.reporting.domain.oversight import BARRED_FOR_AGENTS, RULES, STEPS, StepKind, refusal
from services.reporting.handlers.judging import body_of
from shared.language import Bilingual

NOW = datetime(2020, 1, 1, tzinfo=UTC)


def taken(*steps: StepKind, scope: str = "IN_SCOPE") -> str | None:
    """The code of the refusal of the last of these steps, each of those before being allowed."""
    for place, step in enumerate(steps[:-1]):
        assert refusal(step, steps[:place], scope) is None, step
    found = refusal(steps[-1], steps[:-1], scope)
    return found and found.code


def test_a_finding_goes_from_investigation_to_a_request_its_results_a_recommendation_and_a_decision() -> None:
    way: tuple[StepKind, ...] = (
        "investigation_opened",
        "corrective_action_requested",
        "results_reported",
        "recommended_to_treasury_board",
        "treasury_board_decided",
        "closed",
    )
    assert taken(*way) is None


@pytest.mark.parametrize(
    "steps",
    [
        ("results_reported",),
        ("treasury_board_decided",),
        ("recommended_to_treasury_board",),
        ("investigation_opened", "recommended_to_treasury_board"),
        ("investigation_opened", "closed", "results_reported"),
        ("closed",),
    ],
)
def test_no_step_is_skipped(steps: tuple[StepKind, ...]) -> None:
    assert taken(*steps) == "step_out_of_order"


@pytest.mark.parametrize("step", STEPS)
def test_the_agents_of_parliament_are_overseen_by_their_deputy_heads_alone(step: StepKind) -> None:
    """Section 2.2: 8.2, 9.2 and 9.3 do not apply; 9.1 does."""
    barred = RULES[step].clause in BARRED_FOR_AGENTS
    for last in (None, *STEPS):
        found = refusal(step, () if last is None else (last,), body_of("238").scope)
        assert (found is not None and found.code == "barred_by_policy") == barred


@given(st.sampled_from(STEPS), st.lists(st.sampled_from(STEPS), max_size=4))
def test_nothing_is_done_about_a_body_that_the_policy_leaves_out(step: StepKind, before: list[StepKind]) -> None:
    found = refusal(step, before, "EXCLUDED_2_1")
    assert found is not None
    assert "2.1" in found.detail.en
    assert "2.1" in found.detail.fr


def test_every_step_can_be_reached_and_each_leads_on_but_the_last() -> None:
    reached = {step for step, rule in RULES.items() if rule.first}
    for _ in STEPS:
        reached |= {step for step, rule in RULES.items() if rule.after & reached}
    assert reached == set(STEPS)
    assert all(any(step in rule.after for rule in RULES.values()) for step in STEPS)


def action(position: int, version: int, **said: object) -> Entry:
    data = {"action_id": "a", "version": version, "requirement": "7.3", "state": "open", "opened_on": "2019-01-01"}
    data |= {"due_on": "2019-06-30", "done_on": None, **said}
    return Entry("reporting", position, "CorrectiveActionChanged", "9001", NOW, data)


FOUND = [Verdict("7.3", "non_compliant", 0, 1, 0, None, Bilingual(en="No mechanism.", fr="Aucun mécanisme."))]


def outcome(as_of: date, *entries: Entry) -> str:
    facts = fold(Body("9001"), entries, NOW)
    return overseeing.answered(FOUND, facts.actions, as_of)[0].outcome


def test_a_corrective_action_answers_a_finding_until_its_day_passes_undone() -> None:
    assert outcome(date(2019, 6, 30), action(1, 1)) == "met"
    assert outcome(date(2019, 7, 1), action(1, 1)) == "failed"
    assert outcome(date(2019, 7, 1), action(1, 1), action(2, 2, state="done", done_on="2019-06-01")) == "met"
    assert outcome(date(2018, 12, 31), action(1, 1)) == "failed"


def test_a_cancelled_action_is_none() -> None:
    assert outcome(date(2019, 2, 1), action(1, 1), action(2, 2, state="cancelled")) == "unknown"
