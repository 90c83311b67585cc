"""The reports that the inventory was told by, each in its place: a correction stands in the place of what it corrects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.inventory.store.versions import Key, Table
from shared.database import Connection
from shared.decoding import Received

Identity = tuple[str, str]  # source, event id


@dataclass(frozen=True, slots=True)
class Report:
    """What one report says of which thing (`fields` null: a withdrawal), and its place among those of the same thing."""

    identity: Identity
    org_id: str
    key: Key
    fields: dict[str, Any] | None
    place: int | None = None


async def reports(connection: Connection, table: Table, corrections: Sequence[Received]) -> dict[Identity, Report]:
    """Those that are corrected."""
    targets = [(event.source, event.corrects.event_id) for event in corrections if event.corrects]
    if not targets:
        return {}
    rows = await connection.fetch(
        "select source, event_id, org_id, key, fields, place from report "
        "join unnest($1::text[], $2::text[]) as a (source, event_id) using (source, event_id) where kind = $3",
        [source for source, _ in targets],
        [event_id for _, event_id in targets],
        table.name,
    )
    return {(row["source"], row["event_id"]): _report(table, row) for row in rows}


async def newest_report(connection: Connection, table: Table, key: Key) -> Report | None:
    """The newest that none took the place of, and that is no withdrawal: what holds."""
    row = await connection.fetchrow(
        "select source, event_id, org_id, key, fields, place from report "
        "where kind = $1 and key = $2 and superseded_by is null and fields is not null order by place desc limit 1",
        table.name,
        table.as_json(key),
    )
    return row and _report(table, row)


async def add_reports(connection: Connection, table: Table, new: Sequence[Report]) -> None:
    """Those without a place come last of all."""
    await _add(connection, table, [each for each in new if each.place is None], "")
    await _add(connection, table, [each for each in new if each.place is not None], ", place")


async def _add(connection: Connection, table: Table, new: Sequence[Report], place: str) -> None:
    if not new:
        return
    await connection.execute(
        f"insert into report (source, event_id, org_id, kind, key, fields{place}) "
        f"select source, event_id, org_id, $4, key, fields{place} "
        "from unnest($1::text[], $2::text[], $3::text[], $5::text[], $6::jsonb[], $7::bigint[]) with ordinality "
        "as a (source, event_id, org_id, key, fields, place, n) order by n "
        # Sent again after its id was forgotten: the report is here still, in its place.
        "on conflict (source, event_id) do nothing",
        [each.identity[0] for each in new],
        [each.identity[1] for each in new],
        [each.org_id for each in new],
        table.name,
        [table.as_json(each.key) for each in new],
        [each.fields for each in new],
        [each.place for each in new],
    )


async def supersede(connection: Connection, one: Identity, by: str) -> None:
    await connection.execute("update report set superseded_by = $3 where source = $1 and event_id = $2", *one, by)


def _report(table: Table, row: Any) -> Report:
    return Report(
        (row["source"], row["event_id"]), row["org_id"], table.from_json(row["key"]), row["fields"], row["place"]
    )
