"""The faults, each by its name in the design (reliability.md 2), under load; `full` is how long and how often.

An experiment returns once its fault has ended; what must hold then is for the checker and the bound.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.departments import INVALID
from tests.faults.experiments.clock import LIBRARY, wrong_clock
from tests.faults.experiments.flood import flood_and_poison
from tests.faults.experiments.kafka import kafka_away, kafka_emptied, kafka_stands_still
from tests.faults.experiments.links import cut_off, slow_links
from tests.faults.experiments.postgres import disk_full, postgres_stops, restored_elsewhere
from tests.faults.experiments.rebuilding import log_and_views_gone
from tests.faults.experiments.receivers import receivers_misbehave
from tests.faults.experiments.services import (
    come_and_go,
    crash_at_every_await,
    crash_once_more,
    crash_quietly,
    kill_services,
    zombie,
)
from tests.faults.experiments.versions import rolling
from tests.faults.failpoints import ROOT
from tests.faults.rig import Rig

# Says what was done, in a few words, once the fault has ended. Raises AssertionError where the fault itself was met badly.
Work = Callable[[Rig, bool], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A fault: `bound` is how many seconds the system may take to be whole again; `rate` is events a second; reduced, that share of it, or fifty.

    `at_rest`: it comes between two stretches of load, not during one. `full_only`: it has no reduced form.
    """

    name: str
    title: str
    bound: float
    work: Work
    rate: float = 800.0
    reduced: float = 0.15
    invalid: float = INVALID
    at_rest: bool = False
    full_only: bool = False

    def missing(self, rig: Rig) -> str:
        """What it needs and this machine has not; empty where it can be done."""
        if self.work is disk_full and not rig.system.disks:
            return "only root can mount a disk small enough to be full"
        if self.work is wrong_clock and LIBRARY is None:
            return "libfaketime is not installed (apt install faketime)"
        if self.work is rolling and not (ROOT / ".git").exists():
            return "the version before is in the repository's history alone"
        return ""


EXPERIMENTS = (
    # While the logs are short yet: they are published anew as a whole.
    Experiment("F12", "Kafka's data gone", 15, kafka_emptied, reduced=0.25, at_rest=True),
    Experiment("F16", "databases restored elsewhere", 15, restored_elsewhere, reduced=0.25, at_rest=True),
    Experiment("F13", "reporting's log and views gone", 15, log_and_views_gone, reduced=0.25, at_rest=True),
    # Its bound is for what piled up at the doors under some crashes a second.
    Experiment("F2", "a crash before and after every await of the commit, relay and consuming paths", 60, crash_at_every_await, rate=700),
    Experiment("F3", "workers stand still beyond their sessions, and wake up", 15, zombie, invalid=0.2),
    Experiment("F4", "workers of reporting join and leave every two seconds", 10, come_and_go),
    Experiment("F5", "Kafka killed and away", 30, kafka_away),
    Experiment("F6", "Kafka stands still", 15, kafka_stands_still),
    Experiment("F7", "PostgreSQL stopped at once; a backend ended in its COPY", 10, postgres_stops),
    Experiment("F8", "no room on PostgreSQL's disk, and on Kafka's", 20, disk_full),
    Experiment("F9", "status cut off from PostgreSQL, then from Kafka", 15, cut_off),
    Experiment("F10", "slow and broken links between status and what it depends on", 15, slow_links, full_only=True),
    Experiment("F11", "a wrong clock on status, and a step back", 15, wrong_clock, full_only=True),
    Experiment("F14", "receivers of webhooks that hang, fail, drip, redirect and flap; a crash at every await of a delivery", 15, receivers_misbehave, rate=200, reduced=0.5),
    # A full machine makes everyone wait for whatever comes on top, one department's or not.
    Experiment("F15", "one department floods and poisons both doors", 15, flood_and_poison, rate=50),
    Experiment("F17", "the version before beside this one, taking turns", 15, rolling, full_only=True),
    Experiment("F2", "where nothing ended by now, once more", 60, crash_once_more, rate=300, full_only=True),
    Experiment("F2", "where nothing ended by now, quietly", 60, crash_quietly, rate=200, full_only=True),
    Experiment("F1", "each service killed (kill -9) at random times", 15, kill_services, rate=1000),
)  # fmt: skip
