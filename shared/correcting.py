"""Corrections: a report takes the place of an earlier one of the same source, or withdraws it; a chain never forks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
from pydantic import ValidationError

from shared.contracts.envelope import rfc3339
from shared.contracts.reported.correction import ReportCorrected
from shared.contracts.reported.kinds import Kinds
from shared.database import Connection, Pool
from shared.decoding import Corrects, Received
from shared.encryption import Seal
from shared.problems import Problem, first_problem, problem

Identity = tuple[str, str]  # source, event id


@dataclass(frozen=True, slots=True)
class Corrected:
    """What is known of a report that was accepted: the type its data is judged by, its thing's key, and what corrected it."""

    type: str | None
    key: str | None
    corrected_by: str | None = None
    # A withdrawal: it says nothing, and there is nothing to withdraw of it.
    withdraws: bool = False


def is_correction(event: Received) -> bool:
    return isinstance(event.data, ReportCorrected)


def target_of(event: Received) -> Identity:
    """The identity of the report that an event corrects."""
    return event.source, event.data.corrects


async def corrected(connection: Connection, targets: Sequence[Identity]) -> dict[Identity, Corrected]:
    """Those of the reports that were accepted."""
    rows = await connection.fetch(
        "select r.source, r.event_id, r.type, r.key, c.event_id as corrected_by, exists (select from correction w "
        "where w.source = r.source and w.event_id = r.event_id and w.withdraws) as withdraws "
        "from received_event r join unnest($1::text[], $2::text[]) as a (source, event_id) using (source, event_id) "
        "left join correction c on c.source = r.source and c.corrects = r.event_id",
        [source for source, _ in targets],
        [event_id for _, event_id in targets],
    )
    return {
        (row["source"], row["event_id"]): Corrected(row["type"], row["key"], row["corrected_by"], row["withdraws"])
        for row in rows
    }


def resolve(event: Received, found: Mapping[Identity, Corrected], kinds: Kinds) -> Received | Problem:
    """The correction as the report it makes: of the corrected one's type, its data judged by that type's contract."""
    correction: ReportCorrected = event.data
    target = found.get(target_of(event))
    model = None if target is None else kinds.get(target.type or "")
    if target is None or model is None:
        return _unknown(correction)
    if target.corrected_by is not None:
        return _corrected_before(correction, target.corrected_by)
    if target.withdraws and correction.data is None:
        return _withdrawn_before(correction)
    data = None
    if correction.data is not None:
        try:
            data = model.model_validate(correction.data)
        except ValidationError as error:
            return first_problem(error, "data.data")
    corrects = Corrects(correction.corrects, target.key or "", correction.reason)
    return replace(event, type=target.type or "", data=data, corrects=corrects)


async def remember(connection: Connection, seal: Seal, events: Sequence[Received]) -> None:
    """Keep which report took the place of which. A fork is stopped by the table's key."""
    made = [(event, event.corrects) for event in events if event.corrects is not None]
    if not made:
        return
    await connection.executemany(
        "insert into correction (source, corrects, event_id, withdraws, sealed_reason) values ($1, $2, $3, $4, $5)",
        [
            (
                event.source,
                corrects.event_id,
                event.id,
                event.data is None,
                seal.seal(orjson.dumps(corrects.reason.model_dump()), _context(event.source, event.id)),
            )
            for event, corrects in made
        ],
    )


async def superseded_by(pool: Pool, seal: Seal, identity: Identity) -> dict[str, object] | None:
    """`{id, withdrawn, reason, recorded_at}` of what took a report's place."""
    row = await pool.fetchrow("select * from correction where source = $1 and corrects = $2", *identity)
    if row is None:
        return None
    reason = orjson.loads(seal.open(row["sealed_reason"], _context(row["source"], row["event_id"])))
    said = {"withdrawn": row["withdraws"], "reason": reason, "recorded_at": rfc3339(row["recorded_at"])}
    return {"id": row["event_id"], **said}


async def forget_corrections(connection: Connection) -> None:
    """Those of reports whose ids are remembered no more."""
    await connection.execute("delete from correction where recorded_at < now() - interval '14 months'")


def _context(source: str, event_id: str) -> str:
    return f"correction:{source} {event_id}"


def _unknown(correction: ReportCorrected) -> Problem:
    return problem(
        "unknown_event",
        f"No event {correction.corrects} of this source was accepted; check the id, and that it comes before its correction.",
        f"Aucun événement {correction.corrects} de cette source n'a été accepté; vérifiez l'identifiant, et qu'il précède sa correction.",
        "data.corrects",
    )


def _corrected_before(correction: ReportCorrected, by: str) -> Problem:
    return problem(
        "corrected_before",
        f"Event {correction.corrects} was corrected by {by} already; correct {by} instead.",
        f"L'événement {correction.corrects} a déjà été corrigé par {by}; corrigez plutôt {by}.",
        "data.corrects",
    )


def _withdrawn_before(correction: ReportCorrected) -> Problem:
    return problem(
        "withdrawn_before",
        f"Event {correction.corrects} is a withdrawal itself: there is nothing to withdraw. With data, it is reported again.",
        f"L'événement {correction.corrects} est lui-même un retrait : il n'y a rien à retirer. Avec data, il est déclaré de nouveau.",
        "data.corrects",
    )


def too_entangled() -> Problem:
    """The answer to an event that hangs on too many others that came with it."""
    return problem(
        "too_entangled",
        "Too many events that came together hang on each other (one id, or corrections of corrections); send this one again, later.",
        "Trop d'événements arrivés ensemble dépendent l'un de l'autre (même identifiant, ou corrections de corrections); renvoyez celui-ci plus tard.",
    )
