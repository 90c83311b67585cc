r"""The batches of records that Kafka hands over, read with two precautions: each department writes its own.

aiokafka 0.14 raises on a header name that is not UTF-8, and never gets past its record; and it unpacks a batch whatever
its size (300 KiB may hold gigabytes). Either way one department could silence the door for all. Here such a name is
written in escapes (`\xff`), and a batch that holds more than `MAX_UNPACKED_BYTES` is read as one record that is too large.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, SupportsIndex

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from shared.decoding import MAX_EVENT_BYTES

# Far more than Kafka's largest batch (1 MiB) unpacks to where it holds events.
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
# Snappy cannot make much of little.
_CODECS = {1: cramjam.gzip, 3: cramjam.lz4, 4: cramjam.zstd}
_TOO_LARGE = b" " * (MAX_EVENT_BYTES + 1)


def read_batches_with_care() -> None:
    """For every consumer of this process."""
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):  # type: ignore[misc]  # marked final, for its authors' sake
    def next_batch(self, *arguments: Any) -> Any:
        part = self._next_slice
        batch = super().next_batch(*arguments)
        return _Batch(batch, part) if part is not None and isinstance(batch, DefaultRecordBatch) else batch


class _Batch:
    """A batch as aiokafka has it, but for its records."""

    # One for the process: consumers unpack one batch at a time, and memory that is never written to is never taken.
    _room = bytearray(MAX_UNPACKED_BYTES)

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch, self._content = batch, content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        if not self._fits():
            batch = self._batch
            yield _DefaultRecordPy(
                batch.next_offset - 1, batch.max_timestamp, batch.timestamp_type, None, _TOO_LARGE, []
            )
            return
        given = 0
        try:
            for record in self._batch:
                given += 1
                yield record
        except UnicodeDecodeError:
            yield from islice(_Lenient(self._content), given, None)

    def _fits(self) -> bool:
        codec = _CODECS.get(self._batch.compression_type)
        if codec is None:
            return True
        try:
            codec.decompress_into(self._content[_DefaultRecordBatchPy.HEADER_STRUCT.size :], self._room)
        except cramjam.DecompressionError:
            return False
        return True


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
