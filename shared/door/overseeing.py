"""What oversight reports: of any organisation, the one that the event's source names. Its role lets it; nobody else may."""

from shared.decoding import Arrival, identity_of
from shared.organizations import organizations
from shared.problems import Problem, problem


def about(arrivals: list[Arrival]) -> list[Arrival]:
    """The arrivals of oversight, each about the organisation that its source names."""
    for arrival in arrivals:
        source = identity_of(arrival)[1]
        arrival.by_oversight = True
        arrival.org_id = organization_named(source) or ""
        if source is not None and not arrival.org_id:
            arrival.problem = arrival.problem or _nobody(source)
    return arrivals


def organization_named(source: str | None) -> str | None:
    """The organisation of a source such as `/organizations/134/oversight`; None where the reference table has none."""
    parts = (source or "").split("/")
    named = parts[2] if parts[:2] == ["", "organizations"] and len(parts) > 2 else None
    return named if named in organizations() else None


def _nobody(source: str) -> Problem:
    return problem(
        "wrong_organization",
        f"The source must name an organisation of the reference table, such as /organizations/134; {source} does not.",
        f"La source doit nommer une organisation de la table de référence, telle que /organizations/134; {source} ne le fait pas.",
        "source",
    )
