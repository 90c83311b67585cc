"""Starting, watching and ending the parts of a system on one machine."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class Part:
    """One process to keep alive; `answers` tells whether it serves."""

    name: str
    command: Sequence[str]
    log: Path
    answers: Callable[[], bool]
    environment: Mapping[str, str]
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0.0
    deaths: int = 0

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None else None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own parts
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                user=self.user,
                start_new_session=True,
                preexec_fn=die_with_parent(self.stop_signal),  # noqa: PLW1509 - the supervisor runs no threads
                cwd="/" if self.user is not None else None,
            )
        self.started_at = time.monotonic()

    def wait_for_answer(self, seconds: float) -> bool:
        """Whether it answers within some seconds; False at once when it has died."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive:
                return False
            if self.answers():
                return True
            time.sleep(0.05)
        return False

    def stop(self, seconds: float = 10) -> None:
        if not self.alive or self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for a message to a person."""
        if not self.log.exists():
            return ""
        text = self.log.read_bytes()[-4000:].decode("utf-8", "replace")
        return "\n".join(text.strip().splitlines()[-lines:])


def die_with_parent(with_signal: signal.Signals) -> Callable[[], None]:
    """For a child about to run: it gets a signal when its parent ends, however that ends (Linux)."""

    def ask() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, with_signal)

    return ask
