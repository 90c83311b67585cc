"""Who drains a topic: reporting as it ships, and the peers, each a process of its own in an environment of its own."""

import os
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.environments import PROGRAMS, lacking, python_of
from guichet.processes import Part
from guichet.system import System


@dataclass(frozen=True, slots=True)
class Contender:
    """`rows` writes rows of one table alone, of which one piece of SQL makes the others; `few` is slow, and gets fewer events."""

    name: str
    environment: str = ""
    program: str = ""
    rows: bool = False
    few: bool = False

    @property
    def lacks(self) -> str | None:
        """Why it cannot run here, or None."""
        return lacking(self.environment) if self.environment else None

    def start(self, system: System, topic: str, records: int) -> Part:
        if not self.environment:
            return system.start_service("reporting")
        folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=system.home.path))
        command = [str(python_of(self.environment)), str(PROGRAMS / self.program)]
        settings = self._settings(system, topic, records, folder)
        part = Part(self.name, command, folder / "log", lambda: True, settings)
        part.start()
        return part

    def _settings(self, system: System, topic: str, records: int, folder: Path) -> dict[str, str]:
        kafka = system.kafka
        return {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TZ"}},
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_BOOTSTRAP": kafka.bootstrap,
            "BENCH_USERNAME": kafka.username or "",
            "BENCH_PASSWORD": kafka.password or "",
            "BENCH_MECHANISM": kafka.mechanism,
            "BENCH_TOPIC": topic,
            "BENCH_GROUP": f"bench-{uuid.uuid4().hex}",
            "BENCH_DATABASE": system.database("reporting"),
            "BENCH_RECORDS": str(records),
            "BENCH_SCRATCH": str(folder),
            **{name: value for name, value in os.environ.items() if name == "BENCH_BATCH"},
        }


OURS = Contender("ours")
PEERS = (
    Contender("raw", "raw", "raw.py"),
    Contender("faststream", "faststream", "faststream_batch.py"),
    Contender("bytewax", "bytewax", "bytewax_rows.py", rows=True),
    Contender("quix", "quix", "quix_rows.py", rows=True),
    Contender("connect", "connect", "connect_rows.py", rows=True),
    Contender("faststream-single", "faststream", "faststream_single.py", few=True),
)
NAMES = [peer.name for peer in PEERS]


def chosen(names: Sequence[str] | None, otherwise: Sequence[str]) -> tuple[list[Contender], dict[str, str]]:
    """The peers that are to run and can, and why the others do not."""
    wanted = otherwise if names is None else names
    skipped = {peer.name: peer.lacks or "" for peer in PEERS if peer.name in wanted and peer.lacks}
    left_out = {name: "left out of a quick run: name it in --peers" for name in NAMES if name not in wanted}
    run = [peer for peer in PEERS if peer.name in wanted and not peer.lacks]
    return run, {**skipped, **(left_out if names is None else {})}
