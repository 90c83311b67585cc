"""The steps of oversight: sections 8.2 and 9 of the Policy on Service, as a state machine in which each step is somebody's
decision. Pure.

A finding is one requirement of one organisation. The ladder is that of the Framework for the Management of Compliance:
persuasion, consent, counteraction, restraint; nothing follows by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from shared.problems import Problem, problem

Clause = Literal["8.2", "9.1", "9.2", "9.3"]
StepKind = Literal[
    "corrective_action_recommended",
    "no_action_needed",
    "investigation_opened",
    "investigation_ended",
    "review_or_audit_requested",
    "corrective_action_requested",
    "results_reported",
    "recommended_to_treasury_board",
    "treasury_board_decided",
    "closed",
]
STEPS: Final[tuple[StepKind, ...]] = get_args(StepKind)
# The bodies of section 2.2, which only their deputy heads oversee, and what does not apply to them.
BARRED_FOR_AGENTS: Final = frozenset({"8.2", "9.2", "9.3"})


@dataclass(frozen=True, slots=True)
class Rule:
    """Under which clause a step is taken, and after which others it may be (none: as the first one)."""

    clause: Clause
    after: frozenset[StepKind]
    first: bool = False


def _after(*steps: StepKind) -> frozenset[StepKind]:
    return frozenset(steps)


RULES: Final[Mapping[StepKind, Rule]] = {
    "corrective_action_recommended": Rule("8.2", _after("no_action_needed", "closed", "investigation_opened", "investigation_ended"), True),
    "no_action_needed": Rule("8.2", _after("corrective_action_recommended", "investigation_ended"), True),
    "investigation_opened": Rule("9.1", _after("corrective_action_recommended", "no_action_needed", "closed"), True),
    "investigation_ended": Rule("9.1", _after("investigation_opened")),
    "review_or_audit_requested": Rule(
        "9.2", _after("investigation_opened", "investigation_ended", "corrective_action_recommended", "results_reported")
    ),
    "corrective_action_requested": Rule(
        "9.2",
        _after("investigation_opened", "investigation_ended", "corrective_action_recommended", "results_reported", "review_or_audit_requested"),
    ),
    "results_reported": Rule("9.2", _after("review_or_audit_requested", "corrective_action_requested")),
    "recommended_to_treasury_board": Rule(
        "9.3", _after("results_reported", "review_or_audit_requested", "corrective_action_requested")
    ),
    "treasury_board_decided": Rule("9.3", _after("recommended_to_treasury_board")),
    "closed": Rule("9.1", frozenset(STEPS) - {"closed"}),
}  # fmt: skip


def refusal(step: StepKind, taken: Sequence[StepKind], scope: str) -> Problem | None:
    """Whether a step may follow those that were taken about the finding, in a body of this scope of section 2."""
    rule = RULES[step]
    if scope == "EXCLUDED_2_1":
        return _barred("2.1", rule.clause)
    if scope == "AGENT_OF_PARLIAMENT_2_2" and rule.clause in BARRED_FOR_AGENTS:
        return _barred("2.2", rule.clause)
    last = taken[-1] if taken else None
    if _follows(step, last):
        return None
    may = ", ".join(each for each in STEPS if _follows(each, last))
    return problem(
        "step_out_of_order",
        f"{step} does not follow {last or 'nothing'}; what may follow: {may}.",
        f"{step} ne suit pas {last or 'rien'}; ce qui peut suivre : {may}.",
        "step",
    )


def _follows(step: StepKind, last: StepKind | None) -> bool:
    return RULES[step].first if last is None else last in RULES[step].after


def _barred(section: str, clause: Clause) -> Problem:
    return problem(
        "barred_by_policy",
        f"Section {section} of the Policy on Service keeps clause {clause} from applying to this body.",
        f"L'article {section} de la Politique sur les services soustrait cet organisme à l'article {clause}.",
        "step",
    )
