"""Letters as files, the newest first."""

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

_MOST = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """What came, and when (UTC)."""

    name: str
    at: datetime
    message: EmailMessage

    @property
    def text(self) -> str:
        """Its plain part; empty where it has none."""
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        return str(body.get_content()) if body is not None and body.get_content_subtype() == kind else ""


class Letters:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = itertools.count()
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes) -> None:
        """Whole or not at all, for whoever looks meanwhile."""
        name = f"{time.time_ns():020}-{next(self._number)}"
        partial = self._folder / f"{name}.partial"
        partial.write_bytes(content)
        partial.rename(self._folder / f"{name}.eml")
        for old in self._files()[_MOST:]:
            old.unlink(missing_ok=True)

    def all(self) -> list[Letter]:
        return [_read(file) for file in self._files()]

    def get(self, name: str) -> Letter | None:
        return next((_read(file) for file in self._files() if file.stem == name), None)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.eml"), reverse=True)


def _read(file: Path) -> Letter:
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    return Letter(file.stem, datetime.fromtimestamp(int(file.stem.partition("-")[0]) / 1e9, UTC), message)
