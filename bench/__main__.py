"""`python -m bench j1 --quick`: one job, its runs, and whether the oracle agrees."""

import argparse
import importlib
import json
import sys

JOBS = ("j1", "j2", "fairness")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, epilog="Example: python -m bench j2 --quick"
    )
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    result = importlib.import_module(f"bench.{arguments.job}").run(quick=arguments.quick)
    if arguments.format == "json":
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:26} {value}")
    if not result["correct"]:
        sys.stderr.write("wrong: the tables are not what the oracle says\n")
    return 0 if result["correct"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
