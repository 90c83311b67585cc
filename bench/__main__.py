"""The benchmarks: ours and its peers alternating on real Kafka and PostgreSQL, their tables compared with an oracle's."""

import argparse
import importlib
import inspect
import json
import signal
import sys
from typing import Any

from bench import results
from bench.contenders import NAMES

JOBS = ("j1", "j2", "j3", "j4", "j5", "j6", "j7", "measuring", "readers", "fairness")


def main() -> int:
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _end)
    work = importlib.import_module(f"bench.{arguments.job}").run
    more: dict[str, Any] = {"peers": arguments.peers} if "peers" in inspect.signature(work).parameters else {}
    found = work(quick=arguments.quick, **more)
    print(json.dumps(found) if arguments.format == "json" else results.table(found))
    wrong = [name for name, peer in found["peers"].items() if not peer["correct"]]
    if wrong:
        sys.stderr.write(f"wrong: the tables of {', '.join(wrong)} are not what the oracle says\n")
    if not found["correct"]:
        sys.stderr.write("wrong: our own result is not what it must be\n")
    return 0 if found["correct"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog="Examples: python -m bench j1 --quick --peers raw,faststream; python -m bench j7 --format json. "
        "`make bench-peers` makes the peers' environments; a peer without one is named and skipped.",
    )
    parser.add_argument(
        "job",
        choices=JOBS,
        help="j1 drain, j2 freshness, j3 accept, j4 rebuild, j5 fan-out, j6 verdicts, j7 growth, measuring again, live readers, fairness",
    )
    parser.add_argument("--quick", action="store_true", help="under a minute, once the peers are installed")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--peers", type=_peers, metavar="NAMES", help=f"of {', '.join(NAMES)}; none: ours alone (j1)")
    return parser


def _peers(text: str) -> list[str]:
    names = [] if text == "none" else text.split(",")
    if unknown := sorted(set(names) - set(NAMES)):
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return names


def _end(_signal: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # asked twice, the ending is not ended
    raise SystemExit(143)  # so that whatever was started is ended on the way out


if __name__ == "__main__":
    raise SystemExit(main())
