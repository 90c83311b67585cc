"""What is refused says why, in both languages, with a stable code, and names the field."""

from string import Formatter
from typing import Any, Literal

import orjson
import pytest
from fastapi import Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared import problems
from shared.answers import answer_refused
from shared.contracts.identifiers import Identifier
from shared.language import Bilingual
from shared.problems import (
    TITLES,
    Refused,
    TemporarilyUnavailable,
    first_problem,
    problem,
)


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    needed: int
    state: Literal["open", "shut"] = "open"


class Example(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Identifier = "a"
    note: str = Field(default="", max_length=3)
    rating: int = Field(default=1, ge=1, le=5)
    at: AwareDatetime | None = None
    inner: Inner | None = None
    several: list[Inner] = Field(default_factory=list)

    @model_validator(mode="after")
    def _no_nine(self) -> "Example":
        if self.note == "9":
            raise ValueError("a note: {not} nine | une note : {not} nine")
        return self


def found(data: dict[str, Any], within: str = "data") -> problems.Problem:
    with pytest.raises(ValidationError) as error:
        Example.model_validate(data)
    return first_problem(error.value, within)


# The table


@pytest.mark.parametrize("code", TITLES)
def test_every_problem_has_a_title_in_both_languages_and_a_status_of_http(code: str) -> None:
    status, title = TITLES[code]
    assert status in {400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 414, 415, 422, 428, 429, 431, 500, 503}
    assert title.en != title.fr
    for text in (title.en, title.fr):
        assert text.endswith(".")


def test_a_sentence_asks_for_the_same_facts_in_both_languages() -> None:
    for code, en, fr in (*problems._SENTENCES.values(), problems._OTHERWISE):
        # `en` and `fr` are one contract's own words; `message` is a library's, in English alone.
        wanted = {name for _, name, _, _ in Formatter().parse(en) if name} - {"en", "message"}
        assert wanted == {name for _, name, _, _ in Formatter().parse(fr) if name} - {"fr"}
        assert "field" in wanted
        assert code in TITLES
        assert en != fr


# What a contract finds


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        ({"inner": {}}, "missing_field", "data.inner.needed"),
        ({"several": [{"needed": 1}, {}]}, "missing_field", "data.several.1.needed"),
        ({"colour": 1}, "unknown_field", "data.colour"),
        ({"inner": {"needed": 1, "state": "ajar"}}, "invalid_value", "data.inner.state"),
        ({"note": "1234"}, "invalid_value", "data.note"),
        ({"name": ""}, "invalid_value", "data.name"),
        ({"name": "a,b"}, "invalid_value", "data.name"),
        ({"at": "2026-05-04T12:00:00"}, "invalid_value", "data.at"),
        ({"rating": 0}, "invalid_value", "data.rating"),
        ({"rating": 6}, "invalid_value", "data.rating"),
        ({"rating": "good"}, "invalid_value", "data.rating"),
        ({"several": 7}, "invalid_value", "data.several"),
        ({"note": "9"}, "invalid_value", "data"),
    ],
)
def test_the_first_thing_wrong_is_told_with_its_field_in_both_languages(
    data: dict[str, Any], code: str, field: str
) -> None:
    refusal = found(data)
    assert (refusal.code, refusal.field) == (code, field)
    for text in (refusal.detail.en, refusal.detail.fr):
        assert field in text
        assert "{" not in text.replace("{not}", "")
    assert refusal.detail.en != refusal.detail.fr


@pytest.mark.parametrize(
    ("data", "fact"),
    [
        ({"inner": {"needed": 1, "state": "ajar"}}, "'open'"),
        ({"note": "1234"}, "3"),
        ({"rating": 0}, "1"),
        ({"rating": 6}, "5"),
        ({"note": "9"}, "{not} nine"),
    ],
)
def test_the_sentence_says_what_would_have_been_right(data: dict[str, Any], fact: str) -> None:
    refusal = found(data)
    assert fact in refusal.detail.en
    assert fact in refusal.detail.fr


def test_an_endless_name_of_a_field_makes_no_endless_sentence_and_no_fault_of_ours() -> None:
    refusal = found({"x" * 100_000: 1})
    assert refusal.code == "unknown_field"
    assert len(refusal.detail.en) == len(refusal.detail.fr) == 2000


def test_a_sentence_that_quotes_something_endless_is_cut() -> None:
    refusal = problem("not_found", "No " + "x" * 5000, "Aucun " + "x" * 5000)
    assert len(refusal.detail.en) == len(refusal.detail.fr) == 2000


def test_a_problem_is_answered_with_both_languages_and_a_field_only_where_there_is_one() -> None:
    with_field = problem("not_found", "No such thing.", "Rien de tel.", "id").as_dict()
    assert with_field == {
        "code": "not_found",
        "title": TITLES["not_found"][1].model_dump(),
        "detail": {"en": "No such thing.", "fr": "Rien de tel."},
        "field": "id",
    }
    assert "field" not in problem("not_found", "No such thing.", "Rien de tel.").as_dict()


# Whole requests


def request(language: str | None = None) -> Request:
    headers = [] if language is None else [(b"accept-language", language.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""})


@pytest.mark.parametrize(("language", "title"), [(None, "en"), ("fr-CA", "fr"), ("en", "en")])
async def test_a_refused_request_is_answered_by_rfc_9457_in_the_language_asked(
    language: str | None, title: str
) -> None:
    error = Refused(problem("forbidden", "Not you.", "Pas vous."), {"WWW-Authenticate": "Bearer"})
    response = await answer_refused(request(language), error)
    status, titles = TITLES["forbidden"]
    assert (response.status_code, response.media_type) == (status, "application/problem+json")
    assert (response.headers["content-language"], response.headers["www-authenticate"]) == (title, "Bearer")
    assert orjson.loads(response.body) == {
        "type": "urn:guichet:problem:forbidden",
        "title": titles.model_dump()[title],
        "status": status,
        "detail": {"en": "Not you.", "fr": "Pas vous."}[title],
        "code": "forbidden",
    }


def test_what_is_away_for_a_moment_says_when_to_come_again() -> None:
    refusal = TemporarilyUnavailable("Later.", "Plus tard.", 7)
    assert refusal.headers == {"Retry-After": "7"}
    assert refusal.problem.status == 503
    assert refusal.problem.detail == Bilingual(en="Later.", fr="Plus tard.")
