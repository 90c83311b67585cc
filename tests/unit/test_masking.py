"""Personal data does not stay in what people write; docs/masking.md is the table, and each of its rows a test."""

import csv
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain.masking import LABELS, mask
from shared.language import Language

PAGE = (Path(__file__).parents[2] / "docs" / "masking.md").read_text(encoding="utf-8")
DATA = Path(__file__).parents[2] / "../shared/data"
FRENCH = {label.fr for label in LABELS.values()} - {label.en for label in LABELS.values()}


def _rows(heading: str) -> list[list[str]]:
    table = PAGE.partition(heading)[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


FORMS = _rows("published\nas examples.")
PLAIN = [row[0] for row in _rows("## What is left as it is")]


def _language(kept: str) -> Language:
    return "fr" if any(f"[{label}]" in kept for label in FRENCH) else "en"


@pytest.mark.parametrize(("written", "kept"), FORMS)
def test_a_form_of_the_table_is_masked_as_it_says(written: str, kept: str) -> None:
    assert mask(written, _language(kept)).text == kept


@pytest.mark.parametrize("written", PLAIN)
def test_a_plain_sentence_is_left_as_it_is(written: str) -> None:
    assert mask(written).text == written


def test_the_table_has_sixty_forms_and_every_kind() -> None:
    shown = {label for _, kept in FORMS for label in re.findall(r"\[([^\]]+)\]", kept)}
    assert len(FORMS) >= 60
    assert {label.en for label in LABELS.values()} <= shown | {"health card number"}


def test_what_was_found_is_counted_by_kind() -> None:
    assert mask("046 454 286, then 613-555-0142 or 613-555-0143").found == {"social_insurance": 1, "phone": 2}


@given(st.text(max_size=400), st.sampled_from(["en", "fr"]))
def test_masking_twice_is_masking_once(text: str, language: Language) -> None:
    once = mask(text, language).text
    assert mask(once, language).text == once


@given(st.lists(st.sampled_from([written for written, _ in FORMS]), min_size=1, max_size=5))
def test_no_identifier_survives_beside_others(sentences: list[str]) -> None:
    together = mask("\n".join(sentences), "en").text
    for written in sentences:
        kept = mask(written, "en").text
        assert kept in together


@pytest.mark.parametrize(
    "piece", ["no ", "# ", "1 ", "1-", "a@", "a.", "12 a ", "phone ", "born on ", "1980-", ":a", "(", "rue de la "]
)
def test_a_text_made_to_be_slow_to_read_is_not(piece: str) -> None:
    began = time.process_time()
    mask("account " + piece * (20_000 // len(piece)))
    assert time.process_time() - began < 2


@pytest.mark.skipif(not DATA.is_dir(), reason="the public inventory files are not at ../shared/data")
def test_ordinary_text_is_hardly_ever_changed() -> None:
    texts = list(_ordinary_texts())
    found = Counter(kind for text, language in texts for kind in mask(text, language).found)
    offices = found.pop("phone", 0) + found.pop("email", 0)
    assert len(texts) > 20_000
    assert offices < 40
    assert found == {}


def _ordinary_texts() -> Iterator[tuple[str, Language]]:
    for name in ("service_2023-2024.csv", "service-std_2023-2024.csv"):
        with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                for column, text in row.items():
                    if text and column[-3:] in {"_en", "_fr"} and "uri" not in column:
                        yield text, "fr" if column.endswith("_fr") else "en"
