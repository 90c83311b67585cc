"""Which official language a reader is answered in, and that no text exists in one of them alone."""

import pytest
from pydantic import ValidationError

from shared.language import Bilingual, preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("FR-ca", "fr"),
        ("en-CA", "en"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-CA,en;q=0.9,fr;q=0.8", "en"),
        ("en;q=0.5, fr;q=0.9", "fr"),
        ("fr;q=0.5 , en;q=0.9", "en"),
        ("de, es;q=0.9, fr;q=0.1", "fr"),
        ("de", "en"),
        ("*", "en"),
        ("fr;q=0", "en"),
        ("fr;q=0, en;q=0", "en"),
        ("fr ; q=0.7, en;q=0.6", "fr"),
        ("fr;q=much, en;q=0.1", "en"),
        ("en, fr", "en"),  # alike: the one named first
        ("fr, en", "fr"),
        (",,;;q=,", "en"),
        ("frr, en;q=0.3", "en"),  # North Frisian is not French
        ("enm, fr;q=0.3", "fr"),  # nor Middle English English
    ],
)
def test_a_reader_is_answered_in_the_official_language_the_header_prefers(header: str | None, language: str) -> None:
    assert preferred(header) == language


def test_a_text_is_given_in_the_language_asked() -> None:
    text = Bilingual(en="Yes", fr="Oui")
    assert (text.in_("en"), text.in_("fr")) == ("Yes", "Oui")


@pytest.mark.parametrize("text", [{"en": "Yes"}, {"fr": "Oui"}, {"en": "Yes", "fr": ""}, {"en": "", "fr": "Oui"}])
def test_a_text_in_one_language_alone_is_no_text(text: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Bilingual.model_validate(text)


def test_a_text_is_in_no_third_language() -> None:
    with pytest.raises(ValidationError):
        Bilingual.model_validate({"en": "Yes", "fr": "Oui", "de": "Ja"})
