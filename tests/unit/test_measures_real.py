"""What docs/measures.md says of the real standards: the share that is read, and how right it is by the sample checked by hand."""

import re
from collections import Counter

import pytest

from shared.intervals import wilson
from shared.measures import infer
from tests.conftest import ROOT
from tests.unit.measured_sentences import FILES, SAMPLE, SEED, in_words, sample, timeliness
from tests.unit.test_inventory_files import needs_real_files

pytestmark = needs_real_files
PAGE = (ROOT / "docs/measures.md").read_text(encoding="utf-8")


def numbers(row: str) -> list[float]:
    return [float(each.replace(",", "")) for each in re.findall(r"\d[\d,]*(?:\.\d+)?", row)]


@pytest.mark.parametrize("year", FILES)
def test_the_share_that_is_read_is_what_the_page_says(year: str) -> None:
    found = [infer(each.en, each.fr) for each in timeliness(year)]
    read = [each for each in found if each.measure is not None]
    alike = sum(each.note is None for each in read)
    (row,) = re.findall(rf"^\| {year} \|(.+)$", PAGE, re.MULTILINE)
    assert numbers(row)[:4] == [len(found), len(read), round(100 * len(read) / len(found), 1), alike]


@pytest.mark.parametrize("column", range(len(FILES)))
def test_the_reasons_why_the_rest_is_not_read_are_counted_on_the_page(column: int) -> None:
    found = [infer(each.en, each.fr) for each in timeliness(list(FILES)[column])]
    why = Counter(each.note.en for each in found if each.measure is None and each.note is not None)
    rows = re.findall(r"^\| (The .+?\.|Neither .+?\.|A time .+?\.) \| (\d+) \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert {reason: int(counts[column]) for reason, *counts in rows} == dict(why)


def judged() -> list[tuple[str, str, str]]:
    """The rows of the page's sample: fiscal year, what was read, and the judgement."""
    return [
        (f"20{year[:2]}-20{year[3:]}", read, judgement)
        for year, read, judgement in re.findall(
            r"^\| \d+ \| (\d\d-\d\d) \| .+ \| (.+?) \| (right|wrong.*?) \|$", PAGE, re.MULTILINE
        )
    ]


def test_the_sample_is_drawn_again_by_its_seed_and_read_as_it_was_when_it_was_judged() -> None:
    """Where this fails, what is read has changed: draw the sample again, and judge by hand what is new in it."""
    drawn = [(each.year, in_words(infer(each.en, each.fr))) for each in sample(SEED)]
    assert drawn == [(year, read) for year, read, _ in judged()]


def test_of_what_is_read_at_least_nine_in_ten_is_right_by_the_sample() -> None:
    rows = judged()
    right = sum(judgement == "right" for *_, judgement in rows)
    assert len(rows) == SAMPLE
    interval = wilson(right, SAMPLE)
    assert interval is not None
    assert interval[0] >= 0.9
    assert f"{right} of {SAMPLE}" in PAGE
