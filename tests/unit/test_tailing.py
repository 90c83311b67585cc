"""Reading log files while they are written, and showing their lines."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from guichet.tailing.journey import _at_the_door, _holds, _published
from guichet.tailing.lines import Line, LogFile, in_order, parse
from guichet.tailing.words import WORDS, in_words, write_line
from shared.log_events import FIELDS


def line(number: int, **fields: Any) -> str:
    at = f"2026-04-01T00:00:0{number}.000000Z"
    return json.dumps({"event": "service_started", "level": "info", "service": "status", "at": at, **fields}) + "\n"


def numbers(lines: list[Line]) -> list[int]:
    return [int(each.at[18]) for each in lines]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "status.log"


def test_what_is_written_is_read_once_and_a_line_only_when_it_is_whole(log: Path) -> None:
    file = LogFile(log)
    assert file.new() == []
    log.write_text(line(1) + line(2)[:20], encoding="utf-8")
    assert numbers(file.new()) == [1]
    with log.open("a", encoding="utf-8") as more:
        more.write(line(2)[20:] + line(3))
    assert numbers(file.new()) == [2, 3]
    assert file.new() == []
    file.close()


def test_a_file_that_is_cut_or_moved_away_is_read_on_without_loss(log: Path) -> None:
    file = LogFile(log)
    log.write_text(line(1) + line(2), encoding="utf-8")
    assert numbers(file.new()) == [1, 2]
    os.truncate(log, 0)
    with log.open("a", encoding="utf-8") as more:
        more.write(line(3))
    assert numbers(file.new()) == [3]
    with log.open("a", encoding="utf-8") as more:
        more.write(line(4))
        log.rename(log.with_suffix(".log.1"))
        more.write(line(5))
    assert numbers(file.new()) == [4, 5]
    log.write_text(line(6), encoding="utf-8")
    assert numbers(file.new()) == [6]
    file.close()


def test_lines_that_are_none_of_ours_are_kept_where_they_stand(log: Path) -> None:
    log.write_text(line(1) + "Traceback (most recent call last):\n[1]\n" + line(2), encoding="utf-8")
    file = LogFile(log)
    found = in_order(file.new())
    file.close()
    assert [each.event for each in found] == ["service_started", None, None, "service_started"]
    assert found[1].fields == {"message": "Traceback (most recent call last):"}
    assert {each.service for each in found} == {"status"}


def test_every_event_of_the_catalogue_has_words_and_no_other_has() -> None:
    assert WORDS.keys() == FIELDS.keys()


def test_a_line_is_written_in_words_with_its_fields_and_nothing_that_steers(capsys: pytest.CaptureFixture[str]) -> None:
    write_line(parse(line(1, port="\x1b[31m\x9b\r\n")), "text")
    write_line(parse("not \x1b[2J json", "reporting", "2026-04-01T00:00:01.000Z"), "text")
    written = capsys.readouterr().out
    assert "status     info    has started port=\\u001b[31m\\u009b" in written
    assert all(character == "\n" or character.isprintable() for character in written)


def test_as_json_a_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    write_line(parse(line(1, port=8000)), "json")
    assert json.loads(capsys.readouterr().out) == json.loads(line(1, port=8000))


def test_colours_are_for_terminals_and_not_where_they_are_unwanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    write_line(parse(line(1)), "text")
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    write_line(parse(line(1)), "text")
    assert "\x1b[" not in capsys.readouterr().out


def said(event: str, service: str = "status", **fields: Any) -> Line:
    return Line("2026-04-01T00:00:00Z", service, "info", event, fields)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (said("events_published", first=5, last=9), "relay published positions 5 to 9"),
        (said("events_published", first=8, last=9), None),
        (said("events_published", "feedback", first=5, last=9), None),
        (said("records_taken", "feedback", group="feedback.inventory", spans={"status": [7, 7]}), "feedback.inventory"),
        (said("records_taken", "reporting", group="reporting", spans={"inventory": [5, 9]}), None),
        (said("events_recorded", door="http", first=None, last=None), None),
        (said("events_recorded", door="kafka", first=7, last=7, accepted=1, duplicate=0, rejected=2), "2 rejected"),
    ],
)
def test_an_event_s_place_finds_the_lines_that_hold_it(found: Line, words: str | None) -> None:
    holds = _holds(found, "status", 7)
    assert (holds is None) is (words is None)
    assert holds is None or str(words) in holds[3]


def test_what_is_recorded_and_not_yet_in_kafka_is_said_with_how_far_the_relay_is() -> None:
    (step,) = _published("status", {"position": 7, "published": False}, {"position": 9, "published": 5})
    assert step["step"] == "not_published"
    assert "up to 5 of 9" in step["text"]


@pytest.mark.parametrize(
    ("state", "since", "replays", "words"),
    [
        ("waiting", None, 0, "(dead letter status:4)"),
        ("waiting", None, 2, "replayed 2 times"),
        ("waiting", {"position": 8}, 0, "accepted since at position 8"),
        ("accepted", {"position": 8}, 1, "accepted by a replay"),
        ("dropped", None, 0, "dropped"),
    ],
)
def test_a_refusal_says_what_has_become_of_its_letter(
    state: str, since: dict[str, int] | None, replays: int, words: str
) -> None:
    problem = {"code": "invalid_value", "detail": {"en": "no", "fr": "non"}}
    letter = {"id": 4, "problem": problem, "accepted_since": since, "replays": replays, "state": state}
    trace = {"events": [], "dead_letters": [{**letter, "door": "http", "received_at": "x"}]}
    (step,) = _at_the_door("status", trace)
    assert words in in_words(step["text"])
    assert step["text"]["fr"].startswith("rejeté à la porte http")
