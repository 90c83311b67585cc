r"""Records whose header names are not UTF-8 are read like any other.

aiokafka 0.14 raises on the first such name and never gets past its record: one department could silence the door for all.
What it reads is handed to it batch by batch here; a batch that its parser gives up on is read again, with such a name
written in escapes (`\xff`).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, SupportsIndex

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


def read_any_header_name() -> None:
    """For every consumer of this process."""
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):  # type: ignore[misc]  # marked final, for its authors' sake
    def next_batch(self, *arguments: Any) -> Any:
        part = self._next_slice
        batch = super().next_batch(*arguments)
        return _Batch(batch, part) if isinstance(batch, DefaultRecordBatch) else batch


class _Batch:
    """A batch as its parser has it, but for its records."""

    def __init__(self, batch: Any, content: memoryview | None) -> None:
        self._batch, self._content = batch, content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        given = 0
        try:
            for record in self._batch:
                given += 1
                yield record
        except UnicodeDecodeError:
            yield from islice(_Lenient(self._content), given, None)

    def __next__(self) -> Any:
        return next(self._batch)


class _Lenient(_DefaultRecordBatchPy):  # type: ignore[misc]  # likewise
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Escaping(self._buffer)


class _Escaping(bytearray):
    """Bytes whose slices decode without fail."""

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        found = super().__getitem__(at)
        return _Escaping(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)
