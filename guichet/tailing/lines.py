"""Log lines of the services: from their files, past and live, through rotation and truncation, or from a stream."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import orjson

from guichet.home import SERVICES, Home

_EVERYWHERE = ("at", "service", "level", "event")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log. `event` is None for what is no line of ours; its words are then `fields["message"]`."""

    at: str
    service: str
    level: str
    event: str | None
    fields: dict[str, Any] = field(default_factory=dict)


def parse(text: str, service: str = "", at: str = "") -> Line:
    """A line of ours, or any other under the service whose file it stands in and the moment of the line before."""
    try:
        found = orjson.loads(text)
        named = [found[name] for name in _EVERYWHERE]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        named = []
    if not named or not all(isinstance(each, str) for each in named):
        return Line(at, service, "info", None, {"message": text})
    rest = {name: value for name, value in found.items() if name not in _EVERYWHERE}
    return Line(named[0], named[1], named[2], named[3], rest)


class LogFile:
    """A file that is written to while it is read; it may be cut, or moved away for another of its name."""

    def __init__(self, path: Path) -> None:
        self.path, self.service = path, path.stem
        self._file: IO[bytes] | None = None
        self._rest = b""
        self._at = ""

    def new(self) -> list[Line]:
        """The whole lines written since the last call; at the first, all that are there."""
        lines: list[Line] = []
        if self._file is not None:
            lines += self._read()
            if self._is_the_same():
                return lines
            self._file.close()
            self._file, self._rest = None, b""
        try:
            self._file = self.path.open("rb")
        except FileNotFoundError:
            return lines
        return lines + self._read()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _is_the_same(self) -> bool:
        assert self._file is not None  # noqa: S101 - asked only while it is open
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return True  # moved away, and nothing in its place yet: what is still written goes to the old one
        # A file that was cut is shorter than what was read of it.
        return there.st_ino == os.fstat(self._file.fileno()).st_ino and there.st_size >= self._file.tell()

    def _read(self) -> list[Line]:
        assert self._file is not None  # noqa: S101 - called only while it is open
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        lines = []
        for raw in whole:
            if raw.strip():
                line = parse(raw.decode("utf-8", "replace"), self.service, self._at)
                self._at = line.at
                lines.append(line)
        return lines


def log_files(home: Home) -> list[LogFile]:
    return [LogFile(home.path / "logs" / f"{name}.log") for name in SERVICES]


def in_order(lines: Iterable[Line], since: datetime | None = None) -> list[Line]:
    """Lines of several files by time; those of one file that have the same moment stay in their order."""
    found = sorted(lines, key=lambda line: line.at)
    return found if since is None else [line for line in found if line.at >= rfc3339(since)]


def rfc3339(moment: datetime) -> str:
    """As the log writes moments, so that texts compare."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
