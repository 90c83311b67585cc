"""That something was committed, told in this process to each who waits for it."""

import asyncio


class Committed(asyncio.Event):
    """Set at each commit. Who waits clears what it waits for; so everyone but the first has an event of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._others: list[asyncio.Event] = []

    def another(self) -> asyncio.Event:
        """An event that is set whenever this one is."""
        other = asyncio.Event()
        self._others.append(other)
        return other

    def set(self) -> None:
        super().set()
        for other in self._others:
            other.set()
