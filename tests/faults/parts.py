"""A system's parts: each is started again when it dies, and ends, stands still or has company when an experiment wants it."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import psutil

from guichet.client import Services
from guichet.home import SERVICES
from guichet.readiness import is_ready
from shared.testing import eventually
from tests.faults import failpoints
from tests.faults.load import Load
from tests.faults.nursery import Nursery
from tests.faults.standing import Standing
from tests.faults.system import HITS, FaultSystem

_LOOK_SECONDS = 0.05


class Parts(Standing):
    """A system that is looked after, and tormented."""

    def __init__(self, system: FaultSystem, services: Services, load: Load) -> None:
        super().__init__(system, services, load)
        self.deaths: Counter[str] = Counter()  # by part
        self.wanted = system.wanted
        self._held: set[str] = set()

    async def supervise(self) -> None:
        """Start again at once whatever dies, but for what an experiment holds down."""
        while True:
            for name, part in list(self.system.parts.items()):
                if part.process is not None and not part.alive and name not in self._held:
                    self.deaths[name] += 1
                    self.restart(name)
            await asyncio.sleep(_LOOK_SECONDS)

    def restart(self, name: str) -> None:
        if name.split(maxsplit=1)[0] in SERVICES:
            self.system.start_service(name)
        else:
            self.system.parts[name].start()

    @contextmanager
    def ending_at(self, points: Iterable[str]) -> Iterator[None]:
        """For the length of the block whoever passes one of these points, at which none has ended yet, ends there."""
        self.wanted.want(points)
        try:
            yield
        finally:
            self.wanted.want(())

    @asynccontextmanager
    async def forking(self, *, to_the_end: bool = False) -> AsyncIterator[None]:
        """For the length of the block a process of a service is forked, not started, unless it runs other code.

        `to_the_end`: nothing is to run afterwards.
        """
        if self.system.nurseries:
            yield
            return
        parts = {name: self.system._service(name) for name in SERVICES}
        nurseries = {name: Nursery(name, part.log, part.environment) for name, part in parts.items()}
        await asyncio.gather(*(asyncio.to_thread(each.wait) for each in nurseries.values()))
        self.system.nurseries = nurseries
        try:
            yield
        finally:
            self.system.nurseries = {}
            if to_the_end:
                self._held |= set(SERVICES)
            else:
                for name in nurseries:
                    self.kill(name)
                await asyncio.gather(*(self.serves(name, 60) for name in nurseries))
            for nursery in nurseries.values():
                await asyncio.to_thread(nursery.close)

    def hits(self) -> Counter[str]:
        """How often each point was passed that was passed at all."""
        files = self.system.home.path.glob(f"{HITS}*")
        return sum((Counter(dict(failpoints.hits(file))) for file in files), Counter[str]())

    def pid(self, name: str) -> int:
        return self.system.parts[name].pid or 0

    def kill(self, name: str) -> None:
        """Kill -9; the supervisor starts it again."""
        part = self.system.parts[name]
        if part.alive and part.process is not None:
            for child in psutil.Process(part.process.pid).children(recursive=True) if name == "postgres" else []:
                with suppress(psutil.Error):
                    child.kill()
            part.process.kill()

    @asynccontextmanager
    async def away(self, name: str, with_signal: signal.Signals = signal.SIGKILL) -> AsyncIterator[None]:
        """A part that has ended and stays so for the length of the block."""
        self._held.add(name)
        try:
            part = self.system.parts[name]
            if with_signal == signal.SIGKILL:
                self.kill(name)
            else:
                os.kill(part.pid or 0, with_signal)
            await eventually(lambda: _done(not part.alive), seconds=45)
            self.deaths[name] += 1
            yield
        finally:
            self.restart(name)
            self._held.discard(name)

    async def start_again(self, name: str) -> None:
        """End a service in order and start it anew, with the environment it has by now."""
        async with self.away(name, signal.SIGTERM):
            pass
        await self.serves(name)

    async def serves(self, name: str, seconds: float = 20) -> float:
        """Seconds until a service is ready and not degraded. Raises AssertionError."""
        began = time.monotonic()
        await eventually(lambda: self.ready(name), lambda ready: ready.get("degraded") is False, seconds=seconds)
        return round(time.monotonic() - began, 1)

    @asynccontextmanager
    async def another(self, name: str, of: str = "") -> AsyncIterator[str]:
        """One more process of a service, for the length of the block; `of` is the folder of another version."""
        second = next(f"{name} {n}" for n in range(2, 100) if f"{name} {n}" not in self.system.parts)
        if of:
            self.system.environment[second] = {"PYTHONPATH": of, "PYTHONSAFEPATH": "1"}
        self.system.start_service(second)
        try:
            yield second
        finally:
            self._held.add(second)
            part = self.system.parts[second]
            await asyncio.to_thread(part.stop)
            del self.system.parts[second]
            self.system.environment.pop(second, None)

    def url_of(self, name: str) -> str:
        return f"http://127.0.0.1:{self.system.parts[name].environment['GUICHET_PORT']}"

    async def answers(self, name: str) -> None:
        """Until a second process of a service is ready."""
        await eventually(lambda: asyncio.to_thread(is_ready, self.url_of(name)), seconds=20)

    @asynccontextmanager
    async def standing_still(self, name: str) -> AsyncIterator[None]:
        pids = [self.pid(name), *(each.pid for each in psutil.Process(self.pid(name)).children(recursive=True))]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


async def _done(value: bool) -> bool:
    return value
