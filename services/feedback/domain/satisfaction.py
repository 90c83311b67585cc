"""What clients say of a service on the scales of the Common Measurements Tool (1 to 5), never a mean without its weight.

The main result is the share of 4 and 5 with its 95 % interval; a mean stands beside it. Fewer than ten answers are no
result for the public, and are called few to those who may see them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from shared.contracts.reported.feedback import Driver
from shared.intervals import wilson
from shared.language import Bilingual

FEWEST: Final = 10
DRIVERS: Final[tuple[Driver, ...]] = get_args(Driver)
LABELS: Final[dict[str, Bilingual]] = {
    "rating": Bilingual(en="Overall satisfaction", fr="Satisfaction générale"),
    "timeliness": Bilingual(en="Timeliness", fr="Rapidité"),
    "ease": Bilingual(en="Ease of access", fr="Facilité d'accès"),
    "knowledge": Bilingual(en="Knowledge of staff", fr="Connaissances du personnel"),
    "fairness": Bilingual(en="Fairness", fr="Équité"),
    "courtesy": Bilingual(en="Courtesy", fr="Courtoisie"),
    "outcome": Bilingual(en="Outcome", fr="Résultat obtenu"),
}


@dataclass(frozen=True, slots=True)
class Result:
    """Answers of 1 to 5 to one question: how many of each, the share of 4 and 5 with its interval, and the mean."""

    question: str
    answers: int
    counts: tuple[int, int, int, int, int]
    satisfied: float | None
    interval: tuple[float, float] | None
    mean: float | None

    @property
    def few(self) -> bool:
        return self.answers < FEWEST


def results(counts: Mapping[str, Sequence[int]]) -> list[Result]:
    """A result for the rating and each driver, in the order of the tool; a question nobody answered has none of its figures."""
    return [_result(question, tuple(counts.get(question, (0, 0, 0, 0, 0)))) for question in LABELS]


def _result(question: str, counts: tuple[int, ...]) -> Result:
    one, two, three, four, five = counts
    answers, satisfied = sum(counts), four + five
    if not answers:
        return Result(question, 0, (0, 0, 0, 0, 0), None, None, None)
    mean = sum(value * number for value, number in enumerate(counts, 1)) / answers
    interval = wilson(satisfied, answers)
    return Result(question, answers, (one, two, three, four, five), satisfied / answers, interval, round(mean, 2))


def words(few: bool) -> Bilingual | None:
    """What stands beside results of few answers."""
    if not few:
        return None
    return Bilingual(
        en=f"Fewer than {FEWEST} answers: they say what these people think, and little about what others do.",
        fr=f"Moins de {FEWEST} réponses : elles disent ce que pensent ces personnes, et peu de ce que pensent les autres.",
    )
