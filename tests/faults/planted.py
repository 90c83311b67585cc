"""Bugs planted on purpose: each one line of the product changed in a copy, in which the checker must find something wrong.

`python -m tests.faults.planted` plants each in turn and prints what caught it. Exit 1 when one was not caught. What the
checker cannot see, `make faults` does not prove: this is its test.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

import orjson

ROOT = Path(__file__).parents[2]
_SECONDS = 400


@dataclass(frozen=True, slots=True)
class Bug:
    """In `file`, `line` becomes `wrong`; `faults` are those under which it is to be found."""

    name: str
    file: str
    line: str
    wrong: str
    faults: tuple[str, ...]
    point: str = ""  # the failpoint that F2 is to try, where chance would take long


BUGS = (
    Bug(
        "committed by itself: what fails is not read again",
        "shared/consuming.py",
        "ack_policy=AckPolicy.NACK_ON_ERROR,",
        "ack_policy=AckPolicy.ACK_FIRST,",
        ("F7",),
    ),
    Bug(
        "a failed batch counts as done",
        "shared/consuming.py",
        "await asyncio.sleep(wait)\n                raise\n",
        "await asyncio.sleep(wait)\n                return\n",
        ("F7",),
    ),
    Bug(
        "no fence",
        "shared/fence.py",
        "return [record for record in records if record.offset >= taken[record.topic, record.partition]]",
        "return list(records)",
        ("F3",),
    ),
    Bug(
        "the relay's cursor moves before Kafka's acknowledgement",
        "shared/relay.py",
        "await asyncio.wait_for(publish(self._producer, [_record(row) for row in rows]), _ACKNOWLEDGE_SECONDS)\n"
        '        await self._move(connection, rows[-1]["position"], rows[-1]["recorded_at"])\n',
        'await self._move(connection, rows[-1]["position"], rows[-1]["recorded_at"])\n'
        "        await asyncio.wait_for(publish(self._producer, [_record(row) for row in rows]), _ACKNOWLEDGE_SECONDS)\n",
        ("F2",),
        "shared.relay:Relay._publish_some:2 after",
    ),
    Bug(
        "answered before the commit is durable",
        "shared/database.py",
        '"jit": "off",',
        '"jit": "off", "synchronous_commit": "off",',
        ("F7",),
    ),
    Bug(
        "a view is updated outside the transaction",
        "services/reporting/handlers/__init__.py",
        "    await store.add_cells(connection, deltas)\n",
        '    await connection.execute("commit; begin")\n    await store.add_cells(connection, deltas)\n',
        ("F2",),
        "services.reporting.handlers:_log_and_fold:5 after",
    ),
    Bug(
        "the key is ignored: events of one case in any partition",
        "shared/relay.py",
        'row["topic"], row["key"].encode(), row["value"].encode()',
        'row["topic"], None, row["value"].encode()',
        ("F1",),
    ),
    Bug(
        "the log is published out of its order",
        "shared/relay.py",
        '"where position > $1 and recorded_at >= $2 order by position limit $3"',
        '"where position > $1 and recorded_at >= $2 order by key limit $3"',
        ("F1",),
    ),
    Bug(
        "the position is taken before the lock",
        "shared/event_log.py",
        "       set position = position + $1, recorded_at",
        "       set position = (select position from log_head) + $1, recorded_at",
        ("F1",),
    ),
    Bug(
        "a cell is overwritten instead of added to",
        "services/reporting/store/writing.py",
        '"met = c.met + excluded.met, total = c.total + excluded.total,',
        '"met = excluded.met, total = excluded.total,',
        ("F1",),
    ),
    Bug(
        "no conflict clause: what has a row already cannot be counted",
        "services/reporting/store/writing.py",
        '"on conflict (service_id, standard_id, channel, state, started_on, late_from, source_partition, org_id) "\n'
        '            "do update set cases = c.cases + excluded.cases",\n',
        '"",\n',
        ("F1",),
    ),
    Bug(
        "what stood before is not taken back",
        "services/reporting/domain/fold.py",
        "_count(deltas, case, change.before, recorded_on, partition, -1)",
        "_count(deltas, case, change.before, recorded_on, partition, 0)",
        ("F1",),
    ),
    Bug(
        "the same id with other data counts as the same",
        "shared/receiving.py",
        "        if digest != event.digest:",
        "        if digest != event.digest and False:",
        ("F3",),
    ),
    Bug(
        "ids are not looked up",
        "shared/receiving.py",
        '        known = {(row["source"], row["event_id"]): row for row in rows}\n        for index',
        "        known = {}\n        for index",
        ("F1",),
    ),
    Bug(
        "what is refused is not kept",
        "shared/receiving.py",
        "[(self.arrivals[index], refusal) for index, refusal in self.refused]",
        "[(self.arrivals[index], refusal) for index, refusal in self.refused][:0]",
        ("F1",),
    ),
    Bug(
        "a refused record is quoted to whoever may read the topic",
        "shared/ingest.py",
        '            "offset": arrival.offset,\n',
        '            "offset": arrival.offset, "record": arrival.raw.decode("utf-8", "replace"),\n',
        ("F1",),
    ),
)  # fmt: skip


def plant(bug: Bug, into: Path) -> None:
    """A copy of the product with one bug. Raises AssertionError where the line is not there once."""
    skipped = ignore_patterns(".*", "__pycache__", "docs", "node_modules")
    for name in ("services", "shared", "guichet", "bench", "tests", "deploy"):
        copytree(ROOT / name, into / name, ignore=skipped)
    file = into / bug.file
    text = file.read_text(encoding="utf-8")
    assert text.count(bug.line) >= 1, f"{bug.name}: the line is not in {bug.file}"
    file.write_text(text.replace(bug.line, bug.wrong), encoding="utf-8")


def caught(bug: Bug, seed: int) -> tuple[str, Counter[str]]:
    """The fault under which the checker found something, and the anomalies by name."""
    with tempfile.TemporaryDirectory(prefix="guichet-planted-") as folder:
        plant(bug, Path(folder))
        command = [
            sys.executable,
            "-m",
            "tests.faults",
            *bug.faults,
            "--reduced",
            "--format",
            "json",
            "--seed",
            str(seed),
        ]
        command += ["--point", bug.point] if bug.point else []
        environment = {**os.environ, "PYTHONPATH": folder}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode not in {0, 1}:
            raise AssertionError(f"{bug.name}: {done.stderr[-2000:]}")
        for outcome in orjson.loads(done.stdout)["outcomes"]:
            if outcome["anomalies"]:
                return outcome["fault"], Counter(outcome["anomalies"])
    return "", Counter()


def main(bugs: Sequence[Bug], seed: int) -> int:
    missed = 0
    print(f"{'caught by':12}{'bug':66}as")  # noqa: T201 - the table is what it is for
    for bug in bugs:
        fault, anomalies = caught(bug, seed)
        missed += not anomalies
        found = ", ".join(f"{number} {name}" for name, number in anomalies.most_common(4))
        print(f"{fault or 'NOTHING':12}{bug.name:66}{found}", flush=True)  # noqa: T201
    print(f"{len(bugs) - missed} of {len(bugs)} planted bugs caught")  # noqa: T201
    return 1 if missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults.planted", description=__doc__)
    parser.add_argument("bugs", nargs="*", metavar="words", help="only bugs whose names hold one of these")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chosen = [b for b in BUGS if not arguments.bugs or any(word in b.name for word in arguments.bugs)]
    sys.exit(main(chosen, arguments.seed))
