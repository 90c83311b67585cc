"""A system whose services run with failpoints, in a home of its own."""

import sys
from pathlib import Path
from typing import Final

from bench.rig import free_port
from guichet.home import Home
from guichet.local.postgres import Postgres
from guichet.processes import Part
from guichet.system import System
from tests.faults import disks, failpoints
from tests.faults.disks import Disk
from tests.faults.failpoints import Wanted
from tests.faults.nursery import Nursery, forked

HITS: Final = "hits-"  # and a process's name: a file each
_OTHER_CODE = {"PYTHONPATH", "LD_PRELOAD"}


class FaultSystem(System):
    """A system whose services run with failpoints; `stops` says at which one the next process of a service stands still.

    A service may have more processes than one: "reporting 2" is a second one of reporting, at a port of its own. A service
    that has a nursery is started by it, unless it runs other code than ours.
    """

    def __init__(self, home: Home, port_base: int) -> None:
        super().__init__(home, port_base)
        self._wanted_file = home.path / "wanted"
        self._code = home.path / "code"
        failpoints.keep_code(self._code)
        self.wanted = Wanted.new(self._wanted_file)
        self.stops: dict[str, str] = {}
        self.environment: dict[str, dict[str, str]] = {}
        self.disks: dict[str, Disk] = {}
        self.nurseries: dict[str, Nursery] = {}

    def mount_disks(self) -> None:
        """Small disks for the data of Kafka and PostgreSQL, where that can be done."""
        if disks.POSSIBLE:
            for name, folder in (("kafka", self.home.path / "kafka" / "data"), ("postgres", _data_of(self.home))):
                self.disks[name] = Disk(folder, 10_000)
                self.disks[name].mount()

    def unmount_disks(self) -> None:
        for disk in self.disks.values():
            disk.unmount()

    def home_dsn(self, database: str) -> str:
        """A database's address for PostgreSQL's administrator."""
        password = self.home.secret("postgres-postgres")
        where = self.database(database).partition("@")[2]
        return f"postgresql://postgres:{password}@{where}"

    def _service(self, name: str) -> Part:
        service, _, second = name.partition(" ")
        part = super()._service(service)
        hits = self.home.path / f"{HITS}{service}{second}"
        if not hits.exists():
            failpoints.new_hits(hits)
        part.name, part.log = name, self.home.path / "logs" / f"{name.replace(' ', '-')}.log"
        theirs = self.environment.get(name, {}).keys() & _OTHER_CODE
        if "PYTHONPATH" not in theirs:  # another version runs as it is
            part.command = [sys.executable, "-m", "tests.faults.failpoints", f"services.{service}.app"]
        part.environment = {
            **part.environment,
            "PYTHONPATH": str(failpoints.ROOT),
            "GUICHET_WEBHOOK_TARGETS": "any",  # receivers are on this machine
            failpoints.HITS: str(hits),
            failpoints.WANTED: str(self._wanted_file),
            failpoints.CODE: str(self._code),
            failpoints.STOP: self.stops.pop(name, ""),
            **({"GUICHET_PORT": str(free_port())} if second else {}),
            **self.environment.get(name, {}),
        }
        return forked(part, self.nurseries[service]) if service in self.nurseries and not theirs else part


def _data_of(home: Home) -> Path:
    """Where PostgreSQL's data will be."""
    postgres = Postgres(home.path, {})
    postgres._place()
    postgres._own(postgres.folder.resolve() / "data")
    return postgres.folder.resolve() / "data"
