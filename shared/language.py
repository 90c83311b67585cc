"""The two official languages. Texts are written side by side, so that neither can be missing."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Bilingual(BaseModel):
    """One text in both official languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1, max_length=2000)
    fr: str = Field(min_length=1, max_length=2000)

    def in_(self, language: Language) -> str:
        return self.fr if language == "fr" else self.en


def preferred(accept_language: str | None) -> Language:
    """The official language an `Accept-Language` header prefers; English when it names neither (RFC 9110, 12.5.4)."""
    best: Language = "en"
    best_weight = 0.0
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        language = tag.strip().partition("-")[0].lower()
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = ("fr" if language == "fr" else "en"), weight
    return best


def _weight(parameters: str) -> float:
    try:
        return float(parameters.strip().removeprefix("q=")) if parameters.strip().startswith("q=") else 1.0
    except ValueError:
        return 0.0
