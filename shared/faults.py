"""A fault as it may be written down: its types and where it came from, never its words, which may quote a person."""

import re
from pathlib import Path
from types import TracebackType
from typing import Any

_ROOT = str(Path(__file__).parent.parent) + "/"
_FRAME = re.compile(r'^ +File "([^"]+)", line (\d+), in (\S+)')
_MOST_FRAMES = 40


def described(error: BaseException) -> list[dict[str, Any]]:
    """`[{type, frames}]`: the error, then what it came of; those of a group follow it."""
    found: list[dict[str, Any]] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        found.append({"type": type(each).__name__, "frames": _frames(each.__traceback__)})
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
        waiting.append(each.__cause__ or (None if each.__suppress_context__ else each.__context__))
    return found


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(_place(code.co_filename, traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    return frames[-_MOST_FRAMES:]


def _place(file: str, line: int | str, function: str) -> str:
    short = file.removeprefix(_ROOT).rpartition("site-packages/")[2]
    return f"{short}:{line} {function}"


def described_in_text(text: str) -> list[dict[str, Any]]:
    """The same from a traceback that a library has made a text of already."""
    found: list[dict[str, Any]] = []
    frames: list[str] = []
    for line in text.splitlines():
        if frame := _FRAME.match(line):
            frames.append(_place(*frame.groups()))
        elif frames and line[:1].strip():  # the first line after its frames that stands at the margin
            found.append({"type": re.split(r"[:\s]", line)[0].rpartition(".")[2], "frames": frames[-_MOST_FRAMES:]})
            frames = []
    return found
