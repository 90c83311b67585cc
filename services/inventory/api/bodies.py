"""JSON that a request brings, judged by its contract: what is wrong is told as in a receipt."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from shared.decoding import holds_nul, read_json
from shared.problems import Problem, Refused, first_problem, problem

Model = TypeVar("Model", bound=BaseModel)
REFUSED = ("unreadable", "missing_field", "unknown_field", "invalid_value")


def described(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of an endpoint that reads such a body."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


async def read(request: Request, model: type[Model]) -> Model:
    """Raises Refused."""
    raw = await request.body()
    document = read_json(raw)
    if isinstance(document, Problem):
        raise Refused(document)
    if holds_nul(raw):
        raise Refused(
            problem(
                "invalid_value",
                "Texts cannot hold the character NUL.",
                "Les textes ne peuvent contenir le caractère NUL.",
            )
        )
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise Refused(first_problem(error)) from None
