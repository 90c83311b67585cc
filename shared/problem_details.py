"""A refusal as RFC 9457 problem details, in the language a request asks for."""

from collections.abc import Mapping

import orjson

from shared.language import preferred
from shared.problems import TITLES, Problem

MEDIA_TYPE = "application/problem+json"
# What is no page of ours is never shown as one, framed, or taken for another type than it says.
CAUTIOUS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def details(
    problem: Problem, accept_language: str | None, headers: Mapping[str, str] | None = None
) -> tuple[bytes, int, dict[str, str]]:
    """Body, status and headers of the answer."""
    language = preferred(accept_language)
    status, title = TITLES[problem.code]
    body = {
        "type": f"urn:guichet:problem:{problem.code}",
        "title": title.in_(language),
        "status": status,
        "detail": problem.detail.in_(language),
        "code": problem.code,
    }
    said = {"Content-Type": MEDIA_TYPE, "Content-Language": language, **CAUTIOUS, **(headers or {})}
    return orjson.dumps(body), status, said
