"""A clock that is wrong on one service, and steps back: F11."""

import asyncio
from pathlib import Path

from tests.faults.rig import Rig

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


async def wrong_clock(rig: Rig, full: bool) -> str:
    """Status two hours ahead, then behind, then ten minutes back while it runs; the others keep to the hour."""
    moved = rig.system.home.path / "clock"
    rig.system.environment["status"] = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(moved),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    try:
        for offset in ("+2h", "-2h"):
            moved.write_text(f"{offset}\n")
            await rig.start_again("status")
            await asyncio.sleep(6)
        moved.write_text("-130m\n")
        await asyncio.sleep(6)
    finally:
        del rig.system.environment["status"]
        await rig.start_again("status")
    return "status two hours ahead, two hours behind, ten minutes back; figures by the events' own times"
