"""The version before beside this one, under load, taking turns: F17."""

import asyncio
import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.failpoints import ROOT
from tests.faults.rig import Rig

# The version before: where the releases are not tagged, the last one before the tables were changed.
_CHANGES_OF_TABLES = ("shared/migrations", "services/*/migrations")


async def rolling(rig: Rig, full: bool) -> str:
    """Status and reporting of both versions at once; requests go to both; then the old ones leave."""
    with TemporaryDirectory(prefix="guichet-old-") as folder:
        commit = await asyncio.to_thread(_unpack, Path(folder))
        before = rig.history.unknown_over_http
        async with rig.another("status", of=folder) as old_status, rig.another("reporting", of=folder):
            both = [rig.load.urls["status"], rig.url_of(old_status)]
            await rig.answers(old_status)
            for turn in range(40 if full else 10):
                rig.load.urls["status"] = both[turn % 2]
                await asyncio.sleep(0.5)
            rig.load.urls["status"] = both[0]
            await asyncio.sleep(3)  # what the old one still has is answered
        failed = rig.history.unknown_over_http - before
        assert not failed, f"{failed} events were not answered the first time"
    return f"version {commit[:7]} beside this one, every half second the other; no request failed"


def _unpack(folder: Path) -> str:
    commit = os.environ.get("GUICHET_OLD") or f"{_git('log', '-1', '--format=%H', '--', *_CHANGES_OF_TABLES).strip()}^"
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return _git("rev-parse", commit)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True, text=True).stdout
