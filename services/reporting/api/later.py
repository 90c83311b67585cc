"""What the interface promises of reporting and this version does not have yet says so; it invents nothing."""

from fastapi import APIRouter, Depends, Response

from shared.access import May
from shared.problems import Refused, problem

router = APIRouter(tags=["not in this version"])

_READER = May("officer", "deputy_head", "oversight", "auditor", "operator")
_LATER = (
    ("GET", "/v1/confirmations", _READER),
    ("POST", "/v1/confirmations", May("deputy_head")),
    ("GET", "/v1/corrective-actions", _READER),
    ("POST", "/v1/corrective-actions", May("officer", "deputy_head")),
    ("GET", "/v1/oversight/steps", _READER),
    ("POST", "/v1/oversight/steps", May("oversight")),
)


async def not_available() -> Response:
    raise Refused(
        problem(
            "not_available",
            "This is part of the interface, but is not available in this version.",
            "Ceci fait partie de l'interface, mais n'est pas offert dans cette version.",
        )
    )


for method, path, may in _LATER:
    router.add_api_route(
        path, not_available, methods=[method], summary="Not available in this version", dependencies=[Depends(may)]
    )
