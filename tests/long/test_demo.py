"""Whole demos, as somebody who looks at Guichet for the first time starts them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.rig import free_port_base, remove
from shared.testing import eventually
from tests.conftest import ROOT, LocalSystem, commands


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of a test's own, with nothing of it left behind."""
    yield tmp_path / "home"
    remove(tmp_path / "home")


def test_a_second_demo_beside_the_first_on_the_public_inventory_reconciles_and_leaves_nothing_behind(
    system: LocalSystem, home: Path
) -> None:
    """On the real one; where that is not at hand, on the synthetic one."""
    real = ROOT.parent / "shared" / "data"
    files = [real / "service_2023-2024.csv", real / "service-std_2023-2024.csv"]
    found = all(file.exists() for file in files)
    inventory = ["--services", str(files[0]), "--standards", str(files[1])] if found else []
    arguments = ["--once", "--events", "8000", "--format", "json", "--port-base", str(free_port_base())]
    done = commands().run(["demo", *inventory, *arguments], {**os.environ, "GUICHET_HOME": str(home)}, ROOT, "", 240)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)
    assert summary["reconciled"] is True
    assert summary["sent"] == 8000
    assert summary["sent"] == summary["accepted"] + summary["duplicate"] + summary["rejected"]
    assert summary["in_views"] == summary["accepted"]
    rows = 1752 + 2343 if found else summary["services"] + summary["standards"]  # one real service stands in two years
    assert sum(summary["recorded"][name] for name in ("inventory", "feedback", "status")) == summary["accepted"] + rows
    assert (summary["organizations"], summary["services"]) == ((79, 1751) if found else (80, 400))
    assert not (home / "addresses.json").exists()
    left = [p.pid for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])]
    assert left == []
    assert system.command("ps", "--format", "json").returncode == 0


def test_a_live_demo_shows_its_page_early_ends_with_all_its_parts_and_goes_on_in_the_same_home(
    tmp_path: Path, home: Path
) -> None:
    for with_signal in (signal.SIGINT, signal.SIGTERM):
        base = free_port_base()
        command = [sys.executable, "-m", "guichet", "demo", "--events", "400", "--port-base", str(base)]
        with (tmp_path / "out").open("wb") as out:
            demo = subprocess.Popen(
                command, env={**os.environ, "GUICHET_HOME": str(home)}, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
            )
        try:
            asyncio.run(eventually(lambda: _said(tmp_path / "out", "from here on"), seconds=120))
            processes = json.loads((home / "addresses.json").read_text())["processes"]
            demo.send_signal(with_signal)
            assert demo.wait(60) == 0
        finally:
            demo.kill()
        said = (tmp_path / "out").read_text()
        assert f"http://127.0.0.1:{base}/fr/" in said.partition("Loading the inventory")[0]
        assert [name for name, pid in processes.items() if psutil.pid_exists(pid)] == []


async def _said(out: Path, words: str) -> bool:
    return words in out.read_text(encoding="utf-8")
