"""Words that a person has to look at at once: a threat, or somebody who may harm themselves. A suspicion, never a verdict.

Better one alarm too many: what is flagged is shown first and told to an operator's log, and nothing is done by itself.
"""

import re
from typing import Final, Literal

Concern = Literal["threat", "self_harm"]

_SELF_HARM: Final = re.compile(
    r"\b(?:kill(?:ing)? myself|end(?:ing)? (?:my life|it all)|suicid\w*|want(?:ed)? to die|wish i (?:was|were) dead|"
    r"hurt(?:ing)? myself|harm(?:ing)? myself|no reason to live|better off (?:dead|without me)|can(?:'|’)?t go on(?: living)?|"
    r"me (?:tuer|suicider)|m(?:'|’)enlever la vie|en finir avec (?:la|ma) vie|mettre fin à mes jours|envie de mourir|"
    r"veux mourir|plus envie de vivre|me faire du mal|je serais mieux mort\w*|automutil\w*)\b",
    re.IGNORECASE,
)
_THREAT: Final = re.compile(
    r"\b(?:(?:i(?:'|’)?(?:ll| will| am going to|'m going to|’m going to| gonna)|going to|gonna) "
    r"(?:kill|shoot|stab|hurt|bomb|blow up|burn down|attack|beat) (?!myself)|i know where (?:you|they) (?:live|work)|"
    r"you (?:will|are going to|gonna) (?:die|pay with)|bring a (?:gun|weapon|knife|bomb)|death threat|watch your back|"
    r"bomb threat|je vais (?:vous |te |le |la |les |tous )*(?:tuer|abattre|poignarder|frapper|faire sauter|brûler|attaquer)|"
    r"je sais où (?:vous (?:habitez|travaillez)|tu (?:habites|travailles))|vous allez (?:mourir|payer de votre vie)|"
    r"(?:apporter|amener) (?:une arme|un fusil|un couteau|une bombe)|menaces? de mort|alerte à la bombe)",
    re.IGNORECASE,
)


def concern(text: str) -> Concern | None:
    """What in a text asks for a person at once; self-harm before a threat."""
    if _SELF_HARM.search(text):
        return "self_harm"
    return "threat" if _THREAT.search(text) else None
