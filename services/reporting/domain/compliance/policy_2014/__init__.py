"""The Policy on Service (Treasury Board of Canada, 2014), in force from 1 October 2014 to 31 March 2020.

One function a requirement: `(facts, as_of, settings) -> Verdict`; those of sections 8 and 9 take the verdicts of section 7
beside. `TERMS` has what holds of all: phase-in (1.3), what agents of Parliament are spared (2.2), the policy's end.
"""

from collections.abc import Mapping
from datetime import date

from services.reporting.domain.compliance.policy_2014 import section_7, sections_8_and_9
from services.reporting.domain.compliance.standing import Rule, RuleOnVerdicts, Terms

__all__ = ["RULES", "RULES_ON_VERDICTS", "TERMS"]

TERMS = Terms(
    first=section_7.FROM,
    last=date(2020, 3, 31),
    phases={
        **dict.fromkeys(("7.3", "7.4", "7.5", "7.6", "7.7", "7.8"), section_7.SECOND_PHASE),
        "7.9": date(2016, 10, 1),
        "7.10": date(2017, 10, 1),
    },
    # Agents of Parliament monitor themselves (2.2).
    not_for_agents=frozenset({"8.1b", "8.2", "9.2", "9.3"}),
)

RULES: Mapping[str, Rule] = {
    "7.1": section_7.service_inventory,
    "7.2": section_7.learning,
    "7.3": section_7.feedback,
    "7.4": section_7.priority_reviews,
    "7.5": section_7.strategy,
    "7.6": section_7.user_engagement,
    "7.7": section_7.publication,
    "7.8": section_7.mandatory_services,
    "7.9": section_7.e_services,
    "7.10": section_7.priority_online,
}
RULES_ON_VERDICTS: Mapping[str, RuleOnVerdicts] = {
    "8.1a": sections_8_and_9.monitoring,
    "8.1b": sections_8_and_9.reporting,
    "8.2": sections_8_and_9.oversight,
    "9.1": sections_8_and_9.investigation,
    "9.2": sections_8_and_9.request_of_secretary,
    "9.3": sections_8_and_9.recommendation_to_board,
}
