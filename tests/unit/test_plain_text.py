"""Text from outside never steers a terminal."""

import json

import pytest

from shared.plain_text import plain

STEERING = ["\x00", "\r\n", "\x1b[31m", "\x7f", "\x9b31m", "\x85", "\u202e", "\u2066", "\u2028"]


@pytest.mark.parametrize("steering", STEERING)
def test_what_would_steer_a_terminal_is_shown_as_its_code(steering: str) -> None:
    shown = plain(f"a{steering}b")
    assert shown.isprintable()
    assert shown.startswith(("a\\u00", "a\\u20"))
    assert f"\\u{ord(steering[0]):04x}" in shown


def test_letters_of_both_languages_stay_as_they_are() -> None:
    assert plain("Décision rendue « à temps » — 日本") == "Décision rendue « à temps » — 日本"


def test_line_feeds_stay_where_they_are_asked_for_and_nothing_else() -> None:
    assert plain("a\nb\r\x1b", lines=True) == "a\nb\\u000d\\u001b"


def test_json_says_the_same_afterwards() -> None:
    value = {"text": "".join(STEERING)}
    assert json.loads(plain(json.dumps(value, ensure_ascii=False))) == value
