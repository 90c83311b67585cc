"""Measures that a person has confirmed: each holds while the sentences stand that were read."""

from collections.abc import Iterable

from services.inventory.domain import Confirmation
from services.inventory.store.versions import Key
from shared.contracts.measure import Measure
from shared.database import Connection


async def confirmations(connection: Connection, keys: Iterable[Key]) -> dict[tuple[str, str], Confirmation]:
    """The newest of each of these standards, by service and standard; keys may say more behind."""
    wanted = sorted({(key[0], key[1]) for key in keys})
    rows = await connection.fetch(
        "select distinct on (service_id, standard_id) service_id, standard_id, service_standard_en, service_standard_fr, "
        "measure from measure_confirmation join unnest($1::text[], $2::text[]) as a (service_id, standard_id) "
        "using (service_id, standard_id) order by service_id, standard_id, confirmed_at desc",
        [service_id for service_id, _ in wanted],
        [standard_id for _, standard_id in wanted],
    )
    return {
        (row["service_id"], row["standard_id"]): Confirmation(
            row["service_standard_en"], row["service_standard_fr"], Measure.model_validate(row["measure"])
        )
        for row in rows
    }


async def hold_standard(connection: Connection, service_id: str, standard_id: str) -> None:
    """Nobody else changes it by hand until the commit."""
    await connection.execute(
        "select pg_advisory_xact_lock(hashtext('guichet.measure'), hashtext($1))", f"{service_id}/{standard_id}"
    )


async def confirm(
    connection: Connection, key: Key, version: int, confirmed_by: str, confirmation: Confirmation
) -> None:
    await connection.execute(
        "insert into measure_confirmation (service_id, standard_id, fiscal_year, version, confirmed_by, "
        "service_standard_en, service_standard_fr, measure) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        *key, version, confirmed_by, confirmation.sentence_en, confirmation.sentence_fr,
        confirmation.measure.model_dump(mode="json"),
    )  # fmt: skip
