"""Writing the log and the views: COPY for the log, then one statement per table and batch, keys sorted.

The views are the live ones (`views_1`), or those that a rebuild fills beside them (`views_2`, docs/adr/0022).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.reporting.domain.fold import Deltas
from shared.database import Connection, Pool, copy

LIVE, OTHER = "views_1", "views_2"
# Two of the views stand in the public schema while they are live.
KNOWN_IN = {LIVE: "public", OTHER: OTHER}

_LOG_COLUMNS = (
    "service", "service_position", "recorded_at", "position", "type", "org_id", "topic", "partition", "record_offset", "value",
)  # fmt: skip


async def take_positions(connection: Connection, number: int) -> int:
    """The position before the first of `number` new ones. Takes the log's lock: position order is commit order."""
    query = "update reading_head set position = position + $1 returning position - $1"
    return int(await connection.fetchval(query, number))


async def known(connection: Connection, events: Sequence[Any]) -> set[tuple[str, int]]:
    """The (service, position) of those events that are in the log already: published again after a relay's crash."""
    spans: dict[tuple[str, int], list[int]] = {}
    for event in events:
        spans.setdefault((event.service, event.record.partition), []).append(event.service_position)
    keys = sorted(spans)
    rows = await connection.fetch(
        "select e.service, e.service_position from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) "
        "as a (service, partition, first, last) join logged_event e on e.service = a.service "
        "and e.partition = a.partition and e.service_position between a.first and a.last "
        "where e.recorded_at between $5 and $6",
        [service for service, _ in keys],
        [partition for _, partition in keys],
        [min(spans[key]) for key in keys],
        [max(spans[key]) for key in keys],
        min(event.recordedat for event in events),
        max(event.recordedat for event in events),
    )
    return {(row["service"], row["service_position"]) for row in rows}


async def log_events(connection: Connection, events: Sequence[Any], base: int) -> None:
    await copy(
        connection,
        "logged_event",
        _LOG_COLUMNS,
        (
            (
                e.service, e.service_position, e.recordedat, base + n, e.type, e.org, e.record.topic,
                e.record.partition, e.record.offset, e.text,
            )
            for n, e in enumerate(events, 1)
        ),
    )  # fmt: skip


async def add_counts(connection: Connection, deltas: Deltas, views: str = LIVE) -> None:
    """How many events of each kind, and when each organisation was heard of."""
    counts = sorted((key, values) for key, values in deltas.counts.items() if any(values))
    if counts:
        await connection.execute(
            f"insert into {views}.event_cell as c (type, org_id, day, source_partition, events, hash) select * from unnest("
            "$1::text[], $2::text[], $3::date[], $4::int[], $5::bigint[], $6::numeric[]) "
            "on conflict (type, org_id, day, source_partition) do update "
            "set events = c.events + excluded.events, hash = c.hash + excluded.hash",
            *_columns((*key, *values) for key, values in counts),
        )
    # Those that come to nothing too: when an organisation was last heard of stays, whatever is taken back.
    feeds = sorted(deltas.feeds.items())
    if feeds:
        await connection.execute(
            f"insert into {views}.feed_hour as c (org_id, service, hour, source_partition, events, last_recorded_at) "
            "select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[], $5::bigint[], $6::timestamptz[]) "
            "on conflict (org_id, service, hour, source_partition) do update set events = c.events + excluded.events, "
            "last_recorded_at = greatest(c.last_recorded_at, excluded.last_recorded_at)",
            *_columns((*key, *values) for key, values in feeds),
        )


async def add_cells(connection: Connection, deltas: Deltas, views: str = LIVE) -> None:
    performance = sorted((key, values) for key, values in deltas.performance.items() if any(values))
    if performance:
        await connection.execute(
            f"insert into {views}.performance_cell as c (org_id, service_id, standard_id, channel, day, recorded_on, "
            "source_partition, met, total, withdrawn, closed_undecided, events) select * from unnest($1::text[], "
            "$2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::int[], $8::bigint[], $9::bigint[], "
            "$10::bigint[], $11::bigint[], $12::bigint[]) "
            "on conflict (service_id, standard_id, channel, day, recorded_on, source_partition, org_id) do update set "
            "met = c.met + excluded.met, total = c.total + excluded.total, withdrawn = c.withdrawn + excluded.withdrawn, "
            "closed_undecided = c.closed_undecided + excluded.closed_undecided, events = c.events + excluded.events",
            *_columns((*key, *values) for key, values in performance),
        )
    durations = sorted((key, cases) for key, cases in deltas.durations.items() if cases)
    if durations:
        await connection.execute(
            f"insert into {views}.duration_cell as c (org_id, service_id, standard_id, channel, unit, day, bucket, "
            "source_partition, cases) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], "
            "$6::date[], $7::int[], $8::int[], $9::bigint[]) "
            "on conflict (service_id, standard_id, channel, day, bucket, unit, source_partition, org_id) do update "
            "set cases = c.cases + excluded.cases",
            *_columns((*key, cases) for key, cases in durations),
        )
    open_cases = sorted((key, cases) for key, cases in deltas.open.items() if cases)
    if open_cases:
        await connection.execute(
            f"insert into {views}.open_cell as c (org_id, service_id, standard_id, channel, state, started_on, late_from, "
            "source_partition, cases) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], "
            "$6::date[], $7::timestamptz[], $8::int[], $9::bigint[]) "
            "on conflict (service_id, standard_id, channel, state, started_on, late_from, source_partition, org_id) "
            "do update set cases = c.cases + excluded.cases",
            *_columns((*key, cases) for key, cases in open_cases),
        )


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def mark_changed(connection: Connection, positions: Mapping[str, int], views: str = LIVE) -> None:
    """At which position of the log the figures of services changed."""
    await connection.execute(
        f"insert into {views}.service_change as c (service_id, position) select * from unnest($1::text[], $2::bigint[]) "
        "on conflict (service_id) do update set position = greatest(c.position, excluded.position)",
        *(_columns(sorted(positions.items())) or ([], [])),
    )


async def expect_partitions(pool: Pool, partitions: Iterable[tuple[str, int]]) -> None:
    """Partitions that are read from now on, though not heard of yet; a topic is named after the service that owns it."""
    await pool.executemany(
        "insert into advanced (topic, partition, service) values ($1, $2, $3) on conflict do nothing",
        [(topic, partition, topic.partition(".")[0]) for topic, partition in sorted(partitions)],
    )


async def remember_advanced(
    connection: Connection, advanced: Mapping[tuple[str, int], tuple[str, int, datetime]]
) -> None:
    """Keep the newest word of each partition; what comes again does not take it back."""
    if advanced:
        await connection.execute(
            "insert into advanced (topic, partition, service, position, recorded_at) "
            "select * from unnest($1::text[], $2::int[], $3::text[], $4::bigint[], $5::timestamptz[]) "
            "on conflict (topic, partition) do update set position = greatest(advanced.position, excluded.position), "
            "recorded_at = greatest(advanced.recorded_at, excluded.recorded_at)",
            *_columns((*key, *word) for key, word in sorted(advanced.items())),
        )


async def remember_services(connection: Connection, events: Sequence[Any], views: str = LIVE) -> None:
    """Each year's newest word of a service; a year of which no report is left is forgotten, whatever comes late of it."""
    schema = KNOWN_IN[views]
    last = _newest(events, lambda e: (e.data.service_id, e.data.valid_from))
    await connection.executemany(
        f"delete from {schema}.known_service where service_id = $1 and valid_from = $2 and position < $3",
        [(*key, e.service_position) for key, e in last.items() if e.data.withdrawn],
    )
    await _withdraw(connection, views, {(key[0], "", key[1]): e for key, e in last.items() if e.data.withdrawn})
    await connection.executemany(
        f"insert into {schema}.known_service as k (service_id, org_id, name, priority, valid_from, position) "
        "select $1, $2, $3, $4, $5, $6 where not exists (select from "
        f"{views}.withdrawal where service_id = $1 and standard_id = '' and valid_from = $5 and position > $6) "
        "on conflict (service_id, valid_from) do update set org_id = excluded.org_id, "
        "name = excluded.name, priority = excluded.priority, position = excluded.position "
        "where excluded.position >= k.position",
        [
            (e.data.service_id, e.org, _name(e.data.name), e.data.priority, e.data.valid_from, e.service_position)
            for e in last.values()
            if not e.data.withdrawn
        ],
    )


async def remember_standards(connection: Connection, events: Sequence[Any], views: str = LIVE) -> None:
    """The same of standards."""
    schema = KNOWN_IN[views]
    last = _newest(events, lambda e: (e.data.service_id, e.data.standard_id, e.data.valid_from))
    await connection.executemany(
        f"delete from {schema}.known_standard where service_id = $1 and standard_id = $2 and valid_from = $3 and position < $4",
        [(*key, e.service_position) for key, e in last.items() if e.data.withdrawn],
    )
    await _withdraw(connection, views, {key: e for key, e in last.items() if e.data.withdrawn})
    await connection.executemany(
        f"insert into {schema}.known_standard as k (service_id, standard_id, org_id, name, kind, channel, target, measure, valid_from, "
        "position) select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 where not exists (select from "
        f"{views}.withdrawal where service_id = $1 and standard_id = $2 and valid_from = $9 and position > $10) "
        "on conflict (service_id, standard_id, valid_from) do update set "
        "org_id = excluded.org_id, name = excluded.name, kind = excluded.kind, channel = excluded.channel, "
        "target = excluded.target, measure = excluded.measure, position = excluded.position "
        "where excluded.position >= k.position",
        [
            (
                e.data.service_id, e.data.standard_id, e.org, _name(e.data.name), e.data.kind, e.data.channel,
                e.data.target, e.data.measure, e.data.valid_from, e.service_position,
            )
            for e in last.values()
            if not e.data.withdrawn
        ],
    )  # fmt: skip


async def _withdraw(connection: Connection, views: str, last: Mapping[tuple[str, str, date], Any]) -> None:
    """Keep the position of the last withdrawal of each service or standard, and year. After a write to known_service or
    known_standard, where a writer waits while views change places: before it, this would stay with the old ones.
    """
    await connection.executemany(
        f"insert into {views}.withdrawal as w (service_id, standard_id, valid_from, position) values ($1, $2, $3, $4) "
        "on conflict (service_id, standard_id, valid_from) do update set position = greatest(w.position, excluded.position)",
        [(*key, e.service_position) for key, e in last.items()],
    )


def _newest(events: Sequence[Any], key: Callable[[Any], tuple[Any, ...]]) -> dict[tuple[Any, ...], Any]:
    """Of each thing the newest version, in whatever order they were read: an older one may be read again behind it."""
    last: dict[tuple[Any, ...], Any] = {}
    for event in sorted(events, key=lambda e: e.service_position):
        last[key(event)] = event
    return last


def _name(name: Any) -> dict[str, str]:
    return {"en": name.en, "fr": name.fr}
