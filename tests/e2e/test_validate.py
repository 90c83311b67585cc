"""`guichet validate`, without any system running."""

import json
import os
from pathlib import Path

from shared.testing import status_event
from tests.commands import Done
from tests.conftest import ROOT, commands


def validated(folder: Path, text: str, *arguments: str) -> Done:
    environment = {**os.environ, "GUICHET_HOME": str(folder / "nowhere")}
    return commands().run(["validate", "-", *arguments], environment, ROOT, text, 60)


def test_good_events_are_told_one_a_line_and_end_with_0(tmp_path: Path) -> None:
    events = [status_event("134", f"a{n}", "submitted") for n in range(3)]
    for text in (json.dumps(events), "\n".join(json.dumps(event) for event in events)):
        done = validated(tmp_path, text, "--to", "status", "--org", "134")
        assert done.returncode == 0
        assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["valid"] * 3
    assert not (tmp_path / "nowhere").exists()


def test_one_bad_event_ends_with_1_and_says_why(tmp_path: Path) -> None:
    events = [status_event("134", "a", "submitted"), status_event("134", "b", "\x1b[31m")]
    done = validated(tmp_path, json.dumps(events))
    assert done.returncode == 1
    receipts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [receipt["outcome"] for receipt in receipts] == ["valid", "rejected"]
    table = validated(tmp_path, json.dumps(events), "--format", "table")
    assert "invalid_value" in table.stdout


def test_the_examples_of_the_documents_are_valid(tmp_path: Path) -> None:
    for example in sorted((ROOT / "docs/examples").glob("*.json")):
        done = validated(tmp_path, example.read_text(encoding="utf-8"))
        assert done.returncode == 0, (example.name, done.stdout)
