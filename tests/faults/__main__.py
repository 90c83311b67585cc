"""`python -m tests.faults`: every fault on one system under load, what the checker says, and a table of it.

Exit 0 when nothing is wrong, 1 otherwise. The seed that is printed does the same again: `--seed 7`.
"""

import argparse
import asyncio
import gc
import logging
import secrets
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka.errors import KafkaError

from tests.faults import failpoints
from tests.faults.experiments import EXPERIMENTS, Experiment
from tests.faults.history import Anomaly
from tests.faults.rig import Rig, rig

_LEAST_RATE = 50.0  # events a second


@dataclass(slots=True)
class Outcome:
    """What came of one experiment; `healed` is null where it did not heal within its bound."""

    experiment: Experiment
    done: str = ""
    healed: float | None = None
    events: int = 0
    crashes: int = 0
    seconds: float = 0
    anomalies: list[Anomaly] = field(default_factory=list)


async def conduct(rig: Rig, experiment: Experiment, full: bool) -> Outcome:
    """One experiment under load, then what the checker says of all that was sent meanwhile."""
    outcome, began = Outcome(experiment), time.monotonic()
    events, crashes = len(rig.history.events), sum(rig.deaths.values())
    rate = experiment.rate if full else max(_LEAST_RATE, experiment.rate * experiment.reduced)
    # What is known of all that was sent before is not to be walked through while answers are timed.
    gc.collect()
    gc.freeze()
    try:
        async with rig.loaded(rate, experiment.invalid):
            await asyncio.sleep(2)
            if not experiment.at_rest:
                await _torment(rig, experiment, outcome, full)
        if experiment.at_rest:
            await rig.at_rest()
            await _torment(rig, experiment, outcome, full)
            async with rig.loaded(rate, experiment.invalid):
                await asyncio.sleep(2)
    except AssertionError as error:
        outcome.anomalies.append(Anomaly("unhealed", str(error)))
    except Exception as error:  # noqa: BLE001 - the faults after this one are to be tried all the same
        traceback.print_exc()
        outcome.anomalies.append(Anomaly("unhealed", f"{type(error).__name__}: {error}"))
    if full and outcome.anomalies:  # while it is so
        await rig.keep_state(experiment.name)
    outcome.anomalies += await rig.check()
    outcome.events, outcome.crashes = len(rig.history.events) - events, sum(rig.deaths.values()) - crashes
    outcome.seconds = round(time.monotonic() - began, 1)
    if full and outcome.anomalies:
        rig.say(f"  logs, and how everything stands: {await rig.keep_state(experiment.name)}")
    return outcome


async def _torment(rig: Rig, experiment: Experiment, outcome: Outcome, full: bool) -> None:
    outcome.done = await experiment.work(rig, full)
    outcome.healed = await rig.healed(experiment.bound)


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _tell_unless_kafka(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """That Kafka is away is known here; a producer drops futures with that nobody waits for any more."""
    if not isinstance(context.get("exception"), KafkaError):
        loop.default_exception_handler(context)


async def main(chosen: Sequence[Experiment], seed: int, points: Sequence[str], *, full: bool) -> list[Outcome]:
    outcomes: list[Outcome] = []
    this = asyncio.current_task()
    assert this is not None
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, this.cancel)  # its system is to end with it
    loop.set_exception_handler(_tell_unless_kafka)
    async with rig(seed, say) as found:
        found.points = list(points)
        for experiment in chosen:
            if missing := experiment.missing(found):
                say(f"{experiment.name} skipped: {missing}")
                continue
            say(f"{experiment.name}: {experiment.title}")
            outcome = await conduct(found, experiment, full)
            if this.cancelling():  # what an experiment ends with may have failed meanwhile, and hidden it
                raise asyncio.CancelledError
            outcomes.append(outcome)
            for anomaly in outcome.anomalies[:40]:
                say(f"  {anomaly}")
            say(f"  {outcome.done}; {outcome.events} events, {len(outcome.anomalies)} anomalies, {outcome.seconds} s")
        tried = set(points or failpoints.reachable())
        left = sorted(tried - found.wanted.been)
        if full and "F2" in {each.experiment.name for each in outcomes}:
            say("\n  ".join([f"{len(left)} of {len(tried)} points at which nothing ended", *left]))
    return outcomes


def as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "fault": outcome.experiment.name,
        "done": outcome.done,
        "events": outcome.events,
        "crashes": outcome.crashes,
        "healed_seconds": outcome.healed,
        "bound_seconds": outcome.experiment.bound,
        "anomalies": Counter(anomaly.name for anomaly in outcome.anomalies),
    }


def table(outcomes: Sequence[Outcome]) -> str:
    lines = [f"{'fault':6}{'events':>9}{'crashes':>9}{'whole after':>13}{'bound':>7}{'anomalies':>11}  what was done"]
    for each in outcomes:
        healed = "never" if each.healed is None else f"{each.healed} s"
        lines.append(
            f"{each.experiment.name:6}{each.events:9,}{each.crashes:9}{healed:>13}{each.experiment.bound:6.0f}s"
            f"{len(each.anomalies):11}  {each.done or each.experiment.title}"
        )
    events, crashes, anomalies = (
        sum(each.events for each in outcomes),
        sum(each.crashes for each in outcomes),
        sum(len(each.anomalies) for each in outcomes),
    )
    return "\n".join([*lines, f"{'in all':6}{events:9,}{crashes:9}{'':20}{anomalies:11}"])


def run() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, epilog="Example: python -m tests.faults F1 F7 --seed 7"
    )
    parser.add_argument("faults", nargs="*", metavar="F1 F2 ...", help="these alone; all of them otherwise")
    parser.add_argument("--seed", type=int, default=None, help="do again what this seed did; otherwise one is drawn")
    parser.add_argument(
        "--seeds", type=int, default=1, help="so many seeds one after the other, each in a system of its own"
    )
    parser.add_argument("--reduced", action="store_true", help="each for some seconds, as `make test` does")
    parser.add_argument(
        "--point", action="append", default=[], help="the failpoints that F2 tries, instead of its own choice"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(10**6)
    names = list(dict.fromkeys(each.name for each in EXPERIMENTS))
    unknown = set(arguments.faults) - set(names)
    if unknown:
        parser.error(f"no fault is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    full = not arguments.reduced
    wanted = set(arguments.faults or names)
    chosen = [each for each in EXPERIMENTS if each.name in wanted and (full or not each.full_only)]
    if not chosen:
        parser.error(f"{', '.join(sorted(wanted))}: there is no reduced form of it")
    say(f"seed {seed}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that Kafka is away is known here
    began = time.monotonic()
    outcomes = []
    for each in range(seed, seed + arguments.seeds):
        outcomes += asyncio.run(main(chosen, each, arguments.point, full=full))
        say(f"seed {each}: {sum(len(outcome.anomalies) for outcome in outcomes)} anomalies so far")
    if arguments.format == "json":
        told = [as_json(each) for each in outcomes]
        print(orjson.dumps({"seed": seed, "outcomes": told}).decode())  # noqa: T201 - for programs
    else:
        print(f"{table(outcomes)}\nseed {seed}, {time.monotonic() - began:.0f} s")  # noqa: T201 - for people
    return 1 if any(each.anomalies for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(run())
