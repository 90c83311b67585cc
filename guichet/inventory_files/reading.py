"""Files in, an import out: rows are judged one by one, then against one another."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from guichet.inventory_files.judging import judge, with_remarks
from guichet.inventory_files.rows import Import, Row
from guichet.inventory_files.tables import Table, open_table
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.official.checks import of_service, of_standard
from shared.official.findings import Remark

ServiceKey = tuple[str, ...]


def read(paths: Sequence[Path], known_services: Collection[ServiceKey] = ()) -> Import:
    """Judge the rows of official files, in any order and dialect.

    `known_services` are (fiscal year, service id) already in the inventory, for standards that come without their
    services. Raises UnreadableInventoryFile for a whole file that cannot be read.
    """
    tables = [open_table(path) for path in paths]
    services = [_checked(row) for row in _of_kind(tables, "service")]
    by_key = {row.key: row for row in services if row.data is not None}
    known = frozenset(known_services)
    standards = [_beside(row, by_key, known) for row in _of_kind(tables, "standard")]
    return Import((*services, *standards))


def read_alone(path: Path) -> Import:
    """The rows of one file, each judged by itself: to be compared, not imported. Raises UnreadableInventoryFile."""
    table = open_table(path)
    return Import(tuple(_compared(table, {})))


def _of_kind(tables: Sequence[Table], kind: str) -> Iterator[Row]:
    seen: dict[ServiceKey, Row] = {}
    for table in tables:
        if table.kind == kind:
            yield from _compared(table, seen)


def _compared(table: Table, seen: dict[ServiceKey, Row]) -> Iterator[Row]:
    for line in table.lines:
        row = judge(table, line)
        first = seen.get(row.key)
        if row.data is not None and first is not None:
            row = _second(row, first)
        if row.outcome == "imported":
            seen[row.key] = row
        yield row


def _second(row: Row, first: Row) -> Row:
    """A later row of a key: unchanged, a correction (from another file), or refused (within one file)."""
    if (row.org_id, row.data) == (first.org_id, first.data):
        return replace(row, outcome="unchanged")
    if row.file != first.file:
        return row
    facts = {"first": str(first.line), "key": " / ".join(row.key)}
    return with_remarks(row, [Remark("second_row_of_key", "service_id", facts)])


def _checked(row: Row) -> Row:
    return with_remarks(row, list(of_service(row.data))) if isinstance(row.data, ServiceReported) else row


def _beside(row: Row, services: dict[ServiceKey, Row], known: frozenset[ServiceKey]) -> Row:
    """A standard's row compared with its service of the same year."""
    if not isinstance(row.data, ServiceStandardReported):
        return row
    service = services.get(row.key[:2])
    if service is None and row.key[:2] in known:
        return with_remarks(row, list(of_standard(row.data, None)))
    if service is None or service.org_id != row.org_id:
        facts = {"service": row.key[1], "year": row.key[0]}
        return with_remarks(row, [Remark("standard_without_service", "service_id", facts)])
    return with_remarks(
        row, list(of_standard(row.data, service.data if isinstance(service.data, ServiceReported) else None))
    )
