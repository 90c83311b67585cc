"""README's three commands lead from nothing to the first verified webhook, run as they are written; and how that system ends.

A reader has a folder and ports of their own; `make install` alone runs where the Makefile is. The second command starts a
system: one that runs already may not send to this machine, and its first webhook is no first one.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.rig import free_port_base, remove
from shared.testing import eventually
from tests.conftest import ROOT

pytestmark = pytest.mark.long

README = (ROOT / "README.md").read_text(encoding="utf-8")


def three_commands() -> list[str]:
    (block,) = re.findall(r"first verified webhook.*?\n```sh\n(.*?)```", README, re.DOTALL)
    return list(block.splitlines())


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="guichet-readme-"))
    for name in (".venv", "docs"):
        (found / name).symlink_to(ROOT / name)
    yield found
    subprocess.run([".venv/bin/guichet", "down"], cwd=found, env=environment(0), capture_output=True, check=False)
    remove(found / ".guichet")
    shutil.rmtree(found)


def environment(port_base: int) -> dict[str, str]:
    """Nothing of this run's own but the ports."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GUICHET_")}
    return {**plain, "GUICHET_PORT_BASE": str(port_base)} if port_base else plain


@pytest.mark.timeout(300)
def test_the_three_commands_of_the_readme_lead_to_the_first_verified_webhook(folder: Path) -> None:
    install, up, listen = three_commands()
    port_base = free_port_base()
    for line, where in ((install, ROOT), (up, folder)):
        done = subprocess.run(
            ["sh", "-euc", line], cwd=where, env=environment(port_base), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    # `exec`, so that Ctrl-C reaches the command and not its shell alone.
    with subprocess.Popen(
        ["sh", "-euc", f"exec {listen}"], cwd=folder, env=environment(port_base),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as listening:  # fmt: skip
        assert listening.stdout is not None
        first = listening.stdout.readline()
        listening.send_signal(signal.SIGINT)
        _, err = listening.communicate(timeout=30)
    assert re.fullmatch(r"verified  msg_[0-9a-f]{32}  application A-2026-0001: .+\n", first), err
    assert (listening.returncode, "accepted" in err) == (0, True), err


async def test_a_supervisor_killed_takes_its_parts_along(folder: Path) -> None:
    processes = json.loads((folder / ".guichet/addresses.json").read_text())["processes"]

    async def left() -> list[str]:
        return [name for name, pid in processes.items() if name != "supervisor" and psutil.pid_exists(pid)]

    assert await left()
    os.kill(processes["supervisor"], signal.SIGKILL)
    await eventually(left, lambda names: not names, seconds=30)
