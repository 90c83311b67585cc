"""A record whose header names are not UTF-8 is read, and so are its neighbours; a batch that would fill memory is not."""

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

import shared.consuming  # noqa: F401 - from here on this process reads batches with care
from shared.decoding import MAX_EVENT_BYTES
from shared.record_batches import MAX_UNPACKED_BYTES

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)


class Broken(str):
    """A name that goes into the record as bytes that are no text."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return b"\xff\xfe"


def batch(*headers: list[tuple[str, bytes | None]], compression: int = NONE) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 100_000)
    for offset, each in enumerate(headers):
        builder.append(offset, 0, b"key", b"value %d" % offset, each)
    return bytes(builder.build())


@pytest.mark.parametrize("compression", [NONE, GZIP, SNAPPY, LZ4, ZSTD])
def test_a_name_that_is_no_text_is_written_in_escapes(compression: int) -> None:
    content = batch([("é", b"1")], [("ok", b"x"), (Broken(), None)], [], compression=compression)
    records = fetcher.MemoryRecords(content + content)
    read = 0
    while records.has_next():
        found = records.next_batch()
        assert found.validate_crc()
        assert [(each.offset, each.value, each.headers) for each in found] == [
            (0, b"value 0", [("é", b"1")]),
            (1, b"value 1", [("ok", b"x"), ("\\xff\\xfe", None)]),
            (2, b"value 2", []),
        ]
        read += 1
    assert read == 2


@pytest.mark.parametrize("compression", [GZIP, LZ4, ZSTD])
def test_a_batch_that_unpacks_to_more_than_memory_has_is_one_record_too_large(compression: int) -> None:
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 2 * MAX_UNPACKED_BYTES)
    for offset in range(2):
        builder.append(offset, 0, None, b"0" * (MAX_UNPACKED_BYTES // 2), [])
    after = batch([("a", b"b")], compression=compression)
    records = fetcher.MemoryRecords(bytes(builder.build()) + after)
    bomb, good = records.next_batch(), records.next_batch()
    assert bomb.next_offset == 2
    assert [(each.offset, len(each.value)) for each in bomb] == [(1, MAX_EVENT_BYTES + 1)]
    assert [each.value for each in good] == [b"value 0"]
