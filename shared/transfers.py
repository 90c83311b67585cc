"""What a service that listens to inventory knows of transfers of services: its table `known_transfer`."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import orjson

from shared.database import Connection
from shared.listening import Heard, last_words
from shared.ownership import Transfer


@lru_cache(maxsize=1_000)
def read_transfers(rows: str) -> tuple[Transfer, ...]:
    """From their rows as JSON."""
    return tuple(
        Transfer(date.fromisoformat(row["on_date"]), row["from_org"], row["to_org"]) for row in orjson.loads(rows)
    )


async def remember_transfers(connection: Connection, events: Sequence[Heard]) -> None:
    kept, gone = last_words(events, lambda data: (data.service_id, data.on))
    await connection.executemany(
        "delete from known_transfer where service_id = $1 and on_date = $2 and position < $3",
        [(event.data.service_id, event.data.on, event.position) for event in gone],
    )
    await connection.executemany(
        "insert into known_transfer (service_id, on_date, from_org, to_org, position) values ($1, $2, $3, $4, $5) "
        "on conflict (service_id, on_date) do update set from_org = excluded.from_org, to_org = excluded.to_org, "
        "position = excluded.position where excluded.position >= known_transfer.position",
        [(e.data.service_id, e.data.on, e.data.from_org, e.data.to_org, e.position) for e in kept],
    )
