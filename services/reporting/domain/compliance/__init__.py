"""Compliance: dated rule sets as pure functions of what is known of an organisation. Values in, values out.

The same facts, day, settings and rules give the same verdicts, to the byte, for ever.
"""

import inspect
import pkgutil
import sys
from collections.abc import Mapping
from datetime import date
from functools import cache
from hashlib import sha256
from importlib import import_module
from typing import Any, Literal, get_args

from services.reporting.domain.compliance import policy_2014, policy_2020
from services.reporting.domain.compliance.facts import Facts
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.standing import standing
from services.reporting.domain.compliance.verdict import Verdict

Rules = Literal["policy-2014", "policy-2020"]
RULE_SETS: tuple[Rules, ...] = get_args(Rules)
_MODULES: Mapping[Rules, Any] = {"policy-2014": policy_2014, "policy-2020": policy_2020}

# Which clauses of the second rule set took the place of which of the first (none did of 7.6).
SUCCESSORS: Mapping[str, tuple[str, ...]] = {
    "7.1": ("PSD-4.1.12", "DSD-4.6.4"),
    "7.2": ("PSD-4.1.33",),
    "7.3": ("DSD-4.6.1",),
    "7.4": ("DSD-4.6.7",),
    "7.5": ("PSD-4.1.7",),
    "7.6": (),
    "7.7": ("PSD-4.1.13", "DSD-4.6.6"),
    "7.8": ("PSD-4.1.27",),
    "7.9": ("PSD-4.1.11",),
    "7.10": ("PSD-4.1.11", "DSD-4.6.2"),
    "8.1a": ("PSD-4.1.37",),
    "8.1b": (),
    "8.2": ("PSD-4.3",),
    "9.1": ("PSD-4.1.37",),
    "9.2": ("PSD-7.1",),
    "9.3": ("PSD-7.1",),
}


def rules_in_force(day: date) -> Rules:
    """The rule set of a day; before the first, the first."""
    return "policy-2020" if day >= policy_2020.TERMS.first else "policy-2014"


def requirements(rules: Rules) -> list[str]:
    """Every requirement of a rule set, in its order."""
    return [*_MODULES[rules].RULES, *_MODULES[rules].RULES_ON_VERDICTS]


def evaluate(
    rules: Rules, facts: Facts, as_of: date, settings: Settings, *, as_if_in_force: bool = False
) -> tuple[Verdict, ...]:
    """The verdict of every requirement of a rule set as of a day; `as_if_in_force` judges a set outside its dates too."""
    module = _MODULES[rules]

    def stand(found: Verdict) -> Verdict:
        return standing(found, module.TERMS, facts.body, as_of, as_if_in_force=as_if_in_force)

    own = [stand(rule(facts, as_of, settings)) for rule in module.RULES.values()]
    on_those = [stand(rule(facts, as_of, settings, own)) for rule in module.RULES_ON_VERDICTS.values()]
    return (*own, *on_those)


@cache
def rule_version(rules: Rules) -> str:
    """The rule set and a digest of its code: other code is another version, and never changes what was said."""
    others = {_MODULES[each].__name__ for each in RULE_SETS if each != rules}
    package = sys.modules[__name__]
    found = sorted(each.name for each in pkgutil.walk_packages(package.__path__, f"{__name__}."))
    kept = [name for name in found if not any(name == each or name.startswith(f"{each}.") for each in others)]
    sources = (inspect.getsource(import_module(name)) for name in kept)
    return f"{rules}+{sha256(chr(0).join(sources).encode()).hexdigest()[:16]}"


def rule_of(rules: Rules, requirement: str) -> str:
    """The clause a requirement is judged by, and its source: what its function says of itself."""
    module = _MODULES[rules]
    return inspect.getdoc(module.RULES.get(requirement) or module.RULES_ON_VERDICTS[requirement]) or ""
