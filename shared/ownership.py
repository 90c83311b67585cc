"""Whose a service is: what an event for another organisation's service, or for one not known yet, is answered."""

from shared.problems import Problem, problem


def not_your_service(service_id: str) -> Problem:
    return problem(
        "not_your_service",
        f"Service {service_id} is in the inventory of another organisation; check data.service_id.",
        f"Le service {service_id} figure au répertoire d'une autre organisation; vérifiez data.service_id.",
        "data.service_id",
    )


def unknown_service(service_id: str) -> Problem:
    """A warning: the event is accepted, and waits for its service."""
    return problem(
        "unknown_service",
        f"Service {service_id} is not in the inventory yet; until ServiceReported tells of it, it has no standard here.",
        f"Le service {service_id} n'est pas encore au répertoire; tant que ServiceReported ne l'y met pas, aucune norme ne s'y applique.",
        "data.service_id",
    )


def keeps_its_key(field: str, said: str, before: str) -> Problem:
    """A correction that would move a report to another thing."""
    return problem(
        "correction_elsewhere",
        f"The corrected report is of {field} {before}; this is of {said}. Withdraw that report, and report anew.",
        f"Le rapport corrigé porte sur {field} {before}; celui-ci sur {said}. Retirez ce rapport, puis déclarez de nouveau.",
        f"data.data.{field}",
    )
