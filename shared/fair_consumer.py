"""A consumer that lets every partition have its turn: one with much to read does not keep the others waiting."""

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.patient_consumer import PatientConsumer, Records

_TURN = 200


class FairConsumer(PatientConsumer):
    """aiokafka empties what it holds of one partition before it looks at the next (as of 0.14): 20,000 records of one
    department would stand before another's first. Here a batch takes 200 of each in turn, until it is full.
    """

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Records:
        most = max_records or _TURN
        found = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=min(_TURN, most))
        taken = sum(map(len, found.values()))
        turn = self._held()
        while turn and taken < most:
            for partition in turn:
                try:
                    some = await super().getmany(partition, timeout_ms=0, max_records=min(_TURN, most - taken))
                except KafkaError:  # it comes again by itself; to raise it now would lose what was taken already
                    return found
                for which, records in some.items():
                    found.setdefault(which, []).extend(records)
                    taken += len(records)
                if taken >= most:
                    break
            held = self._held()
            turn = [partition for partition in turn if partition in held]
        return found

    def _held(self) -> list[TopicPartition]:
        """Partitions of which records are here already, those that have waited longest first."""
        held = self._fetcher._records  # noqa: SLF001 - only it knows; asking it for each partition in turn costs too much
        return [partition for partition in held if self._subscription.is_assigned(partition)]
