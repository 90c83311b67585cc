"""A measure that a person has confirmed holds for later reports of the standard while its sentences stay. Values in, values
out.
"""

from dataclasses import dataclass

from shared.contracts.measure import Measure
from shared.contracts.reported.inventory import ServiceStandardReported


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The sentences that were read, and what a person confirmed that they mean."""

    sentence_en: str | None
    sentence_fr: str | None
    measure: Measure


def as_confirmed(reported: ServiceStandardReported, confirmation: Confirmation | None) -> ServiceStandardReported:
    """The report with the confirmed measure: where it brings none of its own, or the same one unconfirmed, and its sentences
    are those that were confirmed. What a department says anew of how it measures is the department's word.
    """
    if confirmation is None or not _says_the_same(reported, confirmation):
        return reported
    return reported.model_copy(update={"measure": confirmation.measure})


def _says_the_same(reported: ServiceStandardReported, confirmation: Confirmation) -> bool:
    sentences = (reported.service_standard_en, reported.service_standard_fr)
    if sentences != (confirmation.sentence_en, confirmation.sentence_fr):
        return False
    confirmed = {"confirmed": True}
    return reported.measure is None or reported.measure.model_copy(update=confirmed) == confirmation.measure
