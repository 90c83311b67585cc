"""What the interface promises of reporting and this version does not have yet says so; it invents nothing."""

from fastapi import APIRouter, Response

from shared.problems import Refused, problem

router = APIRouter(tags=["not in this version"])

_LATER = (
    ("GET", "/v1/compliance"),
    ("GET", "/v1/compliance/{org_id}"),
    ("GET", "/v1/compliance/{org_id}/changes"),
    ("GET", "/v1/verdicts/{verdict_id}/evidence"),
    ("GET", "/v1/events/{event_id}"),
    ("GET", "/v1/indicators"),
    ("GET", "/v1/quality"),
    ("GET", "/v1/filing/{fiscal_year}/{file}"),
    ("GET", "/v1/confirmations"),
    ("POST", "/v1/confirmations"),
    ("GET", "/v1/corrective-actions"),
    ("POST", "/v1/corrective-actions"),
    ("GET", "/v1/oversight/steps"),
    ("POST", "/v1/oversight/steps"),
)


async def not_available() -> Response:
    raise Refused(
        problem(
            "not_available",
            "This is part of the interface, but is not available in this version.",
            "Ceci fait partie de l'interface, mais n'est pas offert dans cette version.",
        )
    )


for method, path in _LATER:
    router.add_api_route(path, not_available, methods=[method], summary="Not available in this version")
