"""A process in which a service is imported and waits to be forked: started anew, it costs a fork instead of two seconds.

`python -m tests.faults.nursery services.status.app` reads, a line of JSON each, the environment of the next child, and tells
on its output, a line each, "started <pid>" and "ended <pid> <status>". Its children end with it, and it with its parent.
"""

import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from types import ModuleType

from guichet.processes import Part, die_with_parent
from tests.faults import failpoints


class Nursery:
    """The waiting process, as who starts services sees it."""

    def __init__(self, service: str, log: Path, environment: Mapping[str, str]) -> None:
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery", f"services.{service}.app"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no lock is held where it is made
            )
        self._ended: dict[int, int] = {}
        # Who waits for a child to end does so in a thread, while others are started: each reads whole lines.
        self._reading = threading.Lock()
        assert self._process.stdout is not None
        self._out = self._process.stdout

    def wait(self) -> None:
        """Until it is imported."""
        self._line()

    def fork(self, environment: Mapping[str, str]) -> "Forked":
        assert self._process.stdin is not None
        with self._reading:
            self._process.stdin.write(f"{json.dumps(dict(environment))}\n".encode())
            self._process.stdin.flush()
            while (told := self._line())[0] != "started":
                self._note(told)
            pid = int(told[1])
            self._ended.pop(pid, None)  # of an earlier child that had the same number
        return Forked(self, pid)

    def status_of(self, pid: int) -> int | None:
        """With which status a child has ended; None while it runs."""
        with self._reading:
            if self._out.closed:  # and its children with it
                return self._ended.get(pid, -signal.SIGKILL)
            while pid not in self._ended and select.select([self._out], [], [], 0)[0]:
                self._note(self._line())
            return self._ended.get(pid)

    def close(self) -> None:
        """It ends, and what is left of its children."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._out.close()

    def _line(self) -> list[str]:
        line = _read_line(self._out.fileno())
        if line is None:
            raise ConnectionError("the nursery has ended")
        return line.split()

    def _note(self, told: list[str]) -> None:
        self._ended[int(told[1])] = int(told[2])


class Forked:
    """One service's process, with as much of `Popen` as a part asks for."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid

    @property
    def returncode(self) -> int | None:
        return self._nursery.status_of(self.pid)

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, which: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):  # it may have ended itself since, at a failpoint
                os.kill(self.pid, which)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while (status := self.returncode) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), seconds)
            time.sleep(0.02)
        return status


class ForkedPart(Part):
    """A part that its nursery starts."""

    nursery: Nursery

    def start(self) -> None:
        self.process = self.nursery.fork(self.environment)  # type: ignore[assignment]  # enough of one
        self.started_at = time.monotonic()


def forked(part: Part, nursery: Nursery) -> ForkedPart:
    """The same part, started by a nursery."""
    made = ForkedPart(**{each.name: getattr(part, each.name) for each in fields(part)})
    made.nursery = nursery
    return made


def _main(module: str) -> None:
    points = failpoints.install()
    service = importlib.import_module(module)

    gc.freeze()
    children: dict[int, int] = {}  # file descriptor -> pid
    waiting = select.poll()
    waiting.register(0, select.POLLIN | select.POLLHUP)
    _tell("waits")
    while True:
        for descriptor, _ in waiting.poll():
            if descriptor in children:
                waiting.unregister(descriptor)
                pid, status = os.waitpid(children.pop(descriptor), 0)
                os.close(descriptor)
                _tell(f"ended {pid} {os.waitstatus_to_exitcode(status)}")
                continue
            asked = _read_line(0)
            if asked is None:
                return
            pid = os.fork()
            if pid == 0:
                _become(points, service, json.loads(asked))
            _tell(f"started {pid}")
            ending = os.pidfd_open(pid)
            children[ending] = pid
            waiting.register(ending, select.POLLIN)


def _become(points: failpoints.Failpoints, service: ModuleType, environment: Mapping[str, str]) -> None:
    from shared.service import main  # noqa: PLC0415 - with its points, as all that the app imports
    from shared.serving import run  # noqa: PLC0415

    os.setsid()
    die_with_parent(signal.SIGKILL)()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # what it says goes to its log
    points.begin(environment)
    as_imported = all(os.environ.get(name) == environment[name] for name in environment if name != failpoints.STOP)
    os.environ.update(environment)
    failpoints.reroute_kafka()
    try:
        run(service.app if as_imported else main(service.parts))
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    os._exit(0)


def _read_line(descriptor: int) -> str | None:
    """Unbuffered, so that `select` knows of all that is left; None at the end."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            return None
        line += byte
    return line.decode().rstrip("\n")


def _tell(what: str) -> None:
    os.write(1, f"{what}\n".encode())


if __name__ == "__main__":
    _main(sys.argv[1])
