"""Text from outside, made fit for a terminal: what would steer it is shown instead of done."""

import re

# C0 and C1 controls, DEL, what ends a line, and what turns the direction of reading (Unicode TR 36).
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_STEERING_BUT_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def plain(text: str, *, lines: bool = False) -> str:
    r"""Steering characters as `\u001b`; with `lines`, line feeds stay. Within JSON it is the same text for who reads it."""
    return (_STEERING_BUT_LINES if lines else _STEERING).sub(lambda found: f"\\u{ord(found[0]):04x}", text)
