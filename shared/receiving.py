"""What both doors do with a batch of events: decode, drop duplicates, let the service decide, record, answer.

All of it in the caller's one transaction. One event's fault is that event's receipt, never its neighbours' harm.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from shared.correcting import Corrected, Identity, corrected, is_correction, remember, resolve, target_of, too_entangled
from shared.database import Connection
from shared.decoding import Arrival, Received, Refusal, decode
from shared.event_log import Accepted, LogEntry, append
from shared.intake import Intake, Receipt, Recorded, conflict
from shared.metrics import log_position
from shared.problems import Problem

# Everyone who waits for a commit waits for its rounds: what hangs on more others than that is to be sent again. From Kafka
# comes together what was sent one after the other, so there is more room.
MOST_ROUNDS, _MOST_ROUNDS_OF_KAFKA = 10, 50


async def receive(connection: Connection, intake: Intake, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """Record a batch in the caller's transaction; one receipt for each arrival, in order."""
    now = datetime.now(UTC)
    batch = _Batch(connection, intake, arrivals, now)
    await batch.drop_known()
    by_kafka = any(arrival.topic for arrival in arrivals)
    for _ in range(_MOST_ROUNDS_OF_KAFKA if by_kafka else MOST_ROUNDS):
        if pending := batch.next_round():
            await batch.record(pending)
    batch.refuse_the_rest()
    return await batch.close()


class _Batch:
    def __init__(self, connection: Connection, intake: Intake, arrivals: Sequence[Arrival], now: datetime) -> None:
        self.connection, self.intake, self.arrivals, self.now = connection, intake, arrivals, now
        self.receipts: list[Receipt | None] = [None] * len(arrivals)
        self.refused: list[tuple[int, Refusal]] = []
        self.waiting: dict[int, Received] = {}
        self.entries: list[LogEntry] = []
        self.accepted: dict[tuple[str, str], tuple[int, Accepted, Recorded]] = {}
        self.repeats: list[tuple[int, Received]] = []
        self.corrected: dict[Identity, str] = {}
        self.withdrawals: set[Identity] = set()
        for index, arrival in enumerate(arrivals):
            event = decode(arrival, intake.kinds, now)
            if isinstance(event, Refusal):
                self.refuse(index, event)
            else:
                self.waiting[index] = event

    def refuse(self, index: int, refusal: Refusal) -> None:
        org_id = self.arrivals[index].org_id
        self.receipts[index] = Receipt(refusal.id, "rejected", problem=refusal.problem, org_id=org_id)
        self.refused.append((index, refusal))

    async def drop_known(self) -> None:
        """Answer what was accepted before: the same data is a duplicate, other data a conflict."""
        if not self.waiting:
            return
        rows = await self.connection.fetch(
            "select r.source, r.event_id, digest, position, recorded_at, opened_key "
            "from received_event r join unnest($1::text[], $2::text[]) as a (source, event_id) using (source, event_id)",
            [event.source for event in self.waiting.values()],
            [event.id for event in self.waiting.values()],
        )
        known = {(row["source"], row["event_id"]): row for row in rows}
        for index, event in list(self.waiting.items()):
            if (row := known.get((event.source, event.id))) is not None:
                del self.waiting[index]
                self.repeat(index, event, row["digest"], row["position"], row["recorded_at"], row["opened_key"])

    def repeat(
        self, index: int, event: Received, digest: bytes, position: int, recorded_at: datetime, opened: str | None
    ) -> None:
        if digest != event.digest:
            self.refuse(index, Refusal(conflict(event), event.id, event.source))
            return
        extra = self.intake.opened(opened) if opened else {}
        self.receipts[index] = Receipt(event.id, "duplicate", position, recorded_at, extra=extra)

    def next_round(self) -> dict[int, Received]:
        """The first waiting event of each id. A second one waits: the first may yet be refused, and then it counts.

        A correction waits for what it corrects, and for the correction of the same that came before it.
        """
        chosen: dict[Identity, int] = {}
        later: list[int] = []
        targets: set[Identity] = set()
        waiting = {(event.source, event.id) for event in self.waiting.values()}
        for index, event in list(self.waiting.items()):
            key = (event.source, event.id)
            if key in self.accepted:
                self.repeats.append((index, self.waiting.pop(index)))
            elif is_correction(event) and (target_of(event) in waiting or target_of(event) in targets):
                later.append(index)
            elif key not in chosen:
                chosen[key] = index
                if is_correction(event):
                    targets.add(target_of(event))
        # Corrections of each other wait for ever: none of them corrects anything, and each is told so.
        return {index: self.waiting.pop(index) for index in sorted(chosen.values()) or later}

    async def record(self, arrived: dict[int, Received]) -> None:
        events = await self._resolved(arrived)
        outcomes = await self.intake.handle(self.connection, list(events.values()), self.now)
        for (index, event), outcome in zip(events.items(), outcomes, strict=True):
            if isinstance(outcome, Problem):
                self.refuse(index, Refusal(outcome, event.id, event.source))
                continue
            remembered = Accepted(
                event.source, event.id, event.org_id, event.digest, event.type, outcome.opened_key, len(self.entries)
            )
            self.accepted[event.source, event.id] = (index, remembered, outcome)
            self.entries.extend(outcome.entries)
            outcome.warnings.extend(event.warnings)
            if event.corrects is not None:
                self.corrected[event.source, event.corrects.event_id] = event.id
                if event.data is None:
                    self.withdrawals.add((event.source, event.id))
        accepted = [event for event in events.values() if (event.source, event.id) in self.accepted]
        await remember(self.connection, self.intake.seal, accepted)

    async def _resolved(self, events: dict[int, Received]) -> dict[int, Received]:
        """Corrections as the reports they make; those of nothing are refused."""
        corrections = {index: event for index, event in events.items() if is_correction(event)}
        if not corrections:
            return events
        found = await corrected(self.connection, [target_of(event) for event in corrections.values()])
        for target in map(target_of, corrections.values()):
            if target in self.accepted:
                remembered = self.accepted[target][1]
                key = self.entries[remembered.entry].key
                withdraws = target in self.withdrawals
                found[target] = Corrected(remembered.type, key, self.corrected.get(target), withdraws)
        resolved = dict(events)
        for index, event in corrections.items():
            report = resolve(event, found, self.intake.kinds)
            if isinstance(report, Problem):
                del resolved[index]
                self.refuse(index, Refusal(report, event.id, event.source))
            else:
                resolved[index] = report
        return resolved

    def refuse_the_rest(self) -> None:
        """Repeats of what was accepted are answered as such; what waited too long for others is refused."""
        for index, event in {**self.next_round(), **self.waiting}.items():
            self.refuse(index, Refusal(too_entangled(), event.id, event.source))

    async def close(self) -> list[Receipt]:
        """Keep what was refused, append to the log, and write the receipts. The append is the last statement."""
        for index, event in self.repeats:
            if event.digest != self.accepted[event.source, event.id][1].digest:
                self.refuse(index, Refusal(conflict(event), event.id, event.source))
        await self.intake.dead_letters.keep(
            self.connection, [(self.arrivals[index], refusal) for index, refusal in self.refused]
        )
        if self.entries:
            appended = await append(
                self.connection, self.entries, [remembered for _, remembered, _ in self.accepted.values()]
            )
            log_position.set(appended.first + len(self.entries) - 1)
            self._answer(appended.first, appended.recorded_at)
        return [receipt for receipt in self.receipts if receipt is not None]

    def _answer(self, first: int, recorded_at: datetime) -> None:
        for index, remembered, outcome in self.accepted.values():
            extra = self.intake.opened(outcome.opened_key) if outcome.opened_key else {}
            position = first + remembered.entry
            self.receipts[index] = Receipt(
                remembered.event_id, "accepted", position, recorded_at, warnings=outcome.warnings, extra=extra
            )
        for index, event in self.repeats:
            _, remembered, _ = self.accepted[event.source, event.id]
            if self.receipts[index] is None:
                position = first + remembered.entry
                self.repeat(index, event, remembered.digest, position, recorded_at, remembered.opened_key)
