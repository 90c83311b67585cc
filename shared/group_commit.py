"""One writer for the HTTP door: what arrives together is committed together, and each sender has its fair turn."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from shared import metrics
from shared.batches import answered, answers
from shared.database import TRANSIENT, Connection, Pool, transaction
from shared.decoding import Arrival, Refusal, identity_of
from shared.intake import Intake, Receipt, unexpected
from shared.logs import log
from shared.problems import TemporarilyUnavailable
from shared.receiving import receive
from shared.setting_aside import each_on_its_own

MAX_COMMIT = 2_000
FEWEST_COMMIT = 100
# Whoever comes while a commit is under way waits it out: one sender's thousands go in several, so that this stays short.
_COMMIT_SECONDS = 0.06
MAX_WAITING = 50_000
MAX_WAITING_OF_ONE = 20_000
# Commits at a time: beside one sender's thousands goes what the others sent.
_LANES = 2
_TRIES = 5


@dataclass(slots=True)
class _Request:
    """The arrivals of one request, of which the first `taken` have gone into a commit, and their receipts so far."""

    arrivals: Sequence[Arrival]
    answer: "asyncio.Future[list[Receipt]]"
    taken: int = 0
    receipts: list[Receipt] = field(default_factory=list)

    def take(self, most: int) -> Sequence[Arrival]:
        some = self.arrivals[self.taken : self.taken + most]
        self.taken += len(some)
        return some

    def add(self, receipts: Sequence[Receipt]) -> None:
        self.receipts.extend(receipts)
        if len(self.receipts) == len(self.arrivals) and not self.answer.done():
            self.answer.set_result(self.receipts)


@dataclass(slots=True)
class _Queue:
    """What one sender has waiting."""

    requests: deque[_Request] = field(default_factory=deque)
    events: int = 0

    def add(self, request: _Request) -> None:
        self.requests.append(request)
        self.events += len(request.arrivals)

    def take(self, most: int) -> Iterator["_Piece"]:
        """The next arrivals, request by request. A sender that hung up, or was refused, is owed no more of its request."""
        while most and self.requests:
            request = self.requests[0]
            some = request.take(most)
            self.events -= len(some)
            most -= len(some)
            if request.taken == len(request.arrivals):
                self.requests.popleft()
            if not request.answer.done():
                yield request, some


_Piece = tuple[_Request, Sequence[Arrival]]


class GroupCommit:
    """Gathers arrivals for `gather` seconds or until there are `most`, round robin over the senders, and commits them at once.

    `most` follows from how long commits take; it is between `FEWEST_COMMIT` and `MAX_COMMIT`. Two commits may be under way,
    of different senders: what one sender sends is committed in its order.

    Raises `TemporarilyUnavailable` to a sender when the queue is full or the database is away: never a false receipt.
    """

    def __init__(self, pool: Pool, intake: Intake, gather: float, committed: asyncio.Event) -> None:
        self._pool, self._intake, self._gather, self._committed = pool, intake, gather, committed
        self._queues: OrderedDict[str, _Queue] = OrderedDict()
        # Of senders whose events are being committed; theirs wait.
        self._under_way: dict[str, _Queue] = {}
        self._waiting = 0
        self._most = MAX_COMMIT // 4
        self._arrived = asyncio.Event()
        self._turn = asyncio.Lock()

    async def submit(self, sender: str, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Receipts for the arrivals of one request, in order, once they are durable."""
        queue = self._queues.get(sender) or self._under_way.get(sender) or _Queue()
        if self._waiting + len(arrivals) > MAX_WAITING or queue.events + len(arrivals) > MAX_WAITING_OF_ONE:
            raise TemporarilyUnavailable(
                "Too many events are waiting here; send this request again in a moment.",
                "Trop d'événements sont en attente; renvoyez cette requête dans un instant.",
            )
        for each in arrivals if len(arrivals) > 1 else ():
            each.together = len(arrivals)
        request = _Request(arrivals, asyncio.get_running_loop().create_future())
        queue.add(request)
        self._waiting += len(arrivals)
        if sender not in self._under_way:
            self._queues[sender] = queue
            self._arrived.set()
        return await request.answer

    async def run(self) -> None:
        """Commit for ever; the service's lifespan owns this task."""
        async with asyncio.TaskGroup() as lanes:
            for _ in range(_LANES):
                lanes.create_task(self._commit_some())

    async def _commit_some(self) -> None:
        while True:
            async with self._turn:
                await self._arrived.wait()
                if self._gather and sum(queue.events for queue in self._queues.values()) < self._most:
                    await asyncio.sleep(self._gather)
                senders, batch = self._take()
            if batch:
                began = time.monotonic()
                events = await self._answer(batch)
                self._most = next_most(self._most, events, time.monotonic() - began)
            self._release(senders)

    def _take(self) -> tuple[set[str], list[_Piece]]:
        """The next commit, and whose it is: nothing more of theirs is taken until they are released."""
        senders: set[str] = set()
        batch: list[_Piece] = []
        room = self._most
        while self._queues and room:
            sender, queue = self._queues.popitem(last=False)
            before = queue.events
            batch.extend(queue.take(max(1, room // (len(self._queues) + 1))))
            room -= before - queue.events
            senders.add(sender)
            if queue.events:
                self._queues[sender] = queue
            else:
                self._under_way[sender] = queue
        for sender in senders & self._queues.keys():
            self._under_way[sender] = self._queues.pop(sender)
        self._waiting -= self._most - room
        if not self._queues:
            self._arrived.clear()
        return senders, batch

    def _release(self, senders: set[str]) -> None:
        for sender in senders:
            if (queue := self._under_way.pop(sender)).events:
                self._queues[sender] = queue
                self._arrived.set()

    async def _answer(self, batch: Sequence[_Piece]) -> int:
        """Commit and answer; returns how many events."""
        arrivals = [arrival for _, some in batch for arrival in some]
        try:
            receipts = iter(await self._commit(arrivals))
        except Exception as error:  # noqa: BLE001 - every sender is owed an answer
            log.warning("door_unavailable", error=type(error).__name__, events=len(arrivals))
            refusal = TemporarilyUnavailable(
                "We cannot record just now. Send the same request again: what was recorded of it comes back as duplicate.",
                "Nous ne pouvons enregistrer maintenant. Renvoyez la même requête : ce qui en a été enregistré revient en double.",
            )
            for request, _ in batch:
                if not request.answer.done():
                    request.answer.set_exception(refusal)
        else:
            for request, some in batch:
                request.add(list(islice(receipts, len(some))))
        return len(arrivals)

    async def _commit(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """All is well with nearly every batch: only where it is not are the savepoints of `record` paid for."""
        make = receive
        for tries in range(1, _TRIES + 1):
            try:
                with metrics.commit_seconds.labels("http").time():
                    async with transaction(self._pool) as connection:
                        receipts = await make(connection, self._intake, arrivals)
            except TRANSIENT:
                if tries == _TRIES:
                    raise
                await asyncio.sleep(0.02 * 2**tries)
            except Exception:
                if make is record:
                    raise
                make = record
            else:
                self._committed.set()
                count("http", receipts)
                return receipts
        raise AssertionError("unreachable")


def next_most(most: int, events: int, seconds: float) -> int:
    """How many events the next commit may have, after one that could have `most`: towards a commit of 60 ms.

    One that was not full says nothing where it was quick. Where it was slow its events cost more than others, or the disk
    was: so halve, and if it was the disk, full commits raise it soon.
    """
    wanted = events * _COMMIT_SECONDS / max(seconds, 0.001)
    if events < most:
        wanted = most if seconds <= _COMMIT_SECONDS else max(wanted, most / 2)
    return max(FEWEST_COMMIT, min(MAX_COMMIT, round(min(wanted, most * 1.5))))


async def record(connection: Connection, intake: Intake, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """`receive` a batch; an event that our own fault stops is set aside alone."""

    async def apply(some: Sequence[Arrival]) -> list[Receipt]:
        return await receive(connection, intake, some)

    async def set_aside(arrival: Arrival, error: Exception) -> Receipt:
        refusal = Refusal(unexpected(error), *identity_of(arrival))
        await intake.dead_letters.keep(connection, [(arrival, refusal)])
        return Receipt(refusal.id, "rejected", problem=refusal.problem, org_id=arrival.org_id)

    return await each_on_its_own(connection, arrivals, apply, set_aside)


def count(door: str, receipts: Sequence[Receipt]) -> None:
    """What a door has answered, once it is committed: for the metrics and the log."""
    if not receipts:
        return
    found = answered(door, receipts)
    for outcome, number in found.outcomes.items():
        metrics.events_received.labels(door, outcome).inc(number)
    answers[door].add(found)
