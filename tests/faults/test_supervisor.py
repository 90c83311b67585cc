"""The supervisor's own end."""

import os
import signal
from pathlib import Path

import psutil

from bench.rig import free_port_base
from shared.testing import eventually
from tests.conftest import LocalSystem


async def test_a_supervisor_killed_takes_its_parts_along(tmp_path: Path) -> None:
    system = LocalSystem(tmp_path / "home", free_port_base())
    system.start()
    try:
        processes = system.addresses["processes"]
        os.kill(processes["supervisor"], signal.SIGKILL)

        async def gone() -> bool:
            return not any(psutil.pid_exists(pid) for name, pid in processes.items() if name != "supervisor")

        await eventually(gone, seconds=30)
    finally:
        system.stop()
