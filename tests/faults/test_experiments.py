"""Every fault on one system under load, for some seconds each: nothing lost, nothing twice, nothing out of its order.

`make faults` does the same at length.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from tests.faults.__main__ import conduct
from tests.faults.experiments import EXPERIMENTS, Experiment
from tests.faults.rig import Rig, rig

pytestmark = pytest.mark.timeout(180)
REDUCED = [each for each in EXPERIMENTS if not each.full_only]


@pytest.fixture(scope="module")
async def tormented() -> AsyncIterator[Rig]:
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}: python -m tests.faults --reduced --seed {seed}")  # noqa: T201 - to be replayed
    async with rig(seed) as found, found.forking(to_the_end=True):
        yield found


@pytest.mark.parametrize("experiment", REDUCED, ids=lambda each: each.name)
async def test_every_event_is_in_every_view_once_whatever_happens(tormented: Rig, experiment: Experiment) -> None:
    if missing := experiment.missing(tormented):
        pytest.skip(missing)
    outcome = await conduct(tormented, experiment, full=False)
    found = "\n".join(str(anomaly) for anomaly in outcome.anomalies[:20])
    assert not outcome.anomalies, f"seed {tormented.seed}, {experiment.name}: {experiment.title}\n{found}"
    assert outcome.events > 500, "hardly anything was sent: this proves nothing"


async def test_a_log_published_again_from_its_beginning_changes_no_figure(tormented: Rig) -> None:
    """As after a relay's crash between Kafka's acknowledgement and its cursor, thousands of times over."""
    async with tormented.loaded(300):
        await asyncio.sleep(1)
        await tormented.fetch("status", "update relay_cursor set position = 0, recorded_at = '-infinity' returning 1")
        tormented.kill("status")
        await asyncio.sleep(1)
    assert await tormented.check() == []
