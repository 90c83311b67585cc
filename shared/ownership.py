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
