"""Sentences of explanations, in both languages, in the policies' own terms; each names its numbers and days."""

from collections.abc import Sequence
from datetime import date

from services.reporting.domain.compliance.population import Population
from services.reporting.domain.compliance.verdict import Words

DEPARTMENT: Words = ("Department", "Ministère")
SERVICES: Words = ("Services in scope", "Services visés")
PRIORITY: Words = ("Priority services", "Services prioritaires")
PROVIDERS: Words = ("Service providers", "Fournisseurs de services")
MANDATORY: Words = ("Mandatory services", "Services obligatoires")
AUTHENTICATED: Words = (
    "Priority external services whose clients must authenticate",
    "Services externes prioritaires dont les clients doivent s'authentifier",
)
NEW_ONLINE: Words = ("New online services", "Nouveaux services en ligne")
FINDINGS: Words = ("Findings of non-compliance", "Constats de non-conformité")
REQUESTS: Words = ("Requests for reports", "Demandes de rapports")

VOLUNTARY: Words = (
    "The organisation is not bound by the policy and is judged as one that follows it voluntarily.",
    "L'organisation n'est pas liée par la politique; elle est jugée comme l'appliquant volontairement.",
)
NEVER_REPORTED: Words = (
    "Nothing was ever reported on this.",
    "Rien n'a jamais été déclaré à ce sujet.",
)


def rows_used(population: Population) -> list[Words]:
    """Whose rows hold, where they are not those of the fiscal year asked; and what they leave open."""
    if population.year is None:
        return [("The department has reported no service.", "Le ministère n'a déclaré aucun service.")]
    notes = []
    if population.year != population.asked:
        notes.append(
            (
                f"The service inventory of {population.year} is used: that of {population.asked} has not been reported.",
                f"Le répertoire de services de {population.year} est utilisé : celui de {population.asked} n'a pas été déclaré.",
            )
        )
    if unscoped := len(population.unscoped):
        notes.append(
            (
                f"{unscoped} more services do not say whether they are external or internal enterprise services.",
                f"{unscoped} autres services ne disent pas s'ils sont des services externes ou des services internes intégrés.",
            )
        )
    return notes


def priorities(population: Population) -> list[Words]:
    """What is to say of the priority designation."""
    notes = rows_used(population)
    undecided = len([each for each in population.in_scope if each.priority is None])
    if undecided:
        notes.append(
            (
                f"Of {undecided} services in scope it was never said whether they are priority services.",
                f"De {undecided} services visés, il n'a jamais été dit s'ils sont des services prioritaires.",
            )
        )
    elif population.in_scope and not population.priority:
        notes.append(
            (
                f"Warning: the department names none of its {len(population.in_scope)} services in scope a priority service.",
                f"Attention : le ministère ne désigne comme prioritaire aucun de ses {len(population.in_scope)} services visés.",
            )
        )
    return notes


def names(ids: Sequence[str], most: int = 10) -> Words:
    """A few ids, and how many more."""
    shown, more = ", ".join(ids[:most]), len(ids) - most
    return (
        f"{shown} and {more} more" if more > 0 else shown,
        f"{shown} et {more} autres" if more > 0 else shown,
    )


def listed(en: str, fr: str, ids: Sequence[str]) -> list[Words]:
    """One sentence that names ids; none where there are none."""
    if not ids:
        return []
    english, french = names(sorted(ids))
    return [(f"{en}: {english}.", f"{fr} : {french}.")]


def applies_from(day: date) -> Words:
    return f"It applies from {day}.", f"Elle s'applique à compter du {day}."


def applied_until(day: date) -> Words:
    return (
        f"The policy applied until {day}, when the Policy on Service and Digital took its place.",
        f"La politique s'est appliquée jusqu'au {day}; la Politique sur les services et le numérique l'a remplacée.",
    )


def excluded_by(clause: str) -> Words:
    return (
        f"It does not apply to this organisation (Policy on Service, {clause}).",
        f"Elle ne vise pas cette organisation (Politique sur les services, {clause}).",
    )
