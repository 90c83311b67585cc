"""Failpoints are wherever something is awaited, change nothing where nothing is wanted, and end the process where it is."""

import ast
import asyncio
import mmap
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import failpoints
from tests.faults.failpoints import HITS, STATUS_OF_A_CRASH, WANTED, Failpoints, Wanted, points, rewrite

CODE = """
async def work(pool, rows):
    async with pool.acquire() as connection, connection.transaction():
        found = [await one(row) for row in rows]
        async for more in stream(found):
            found.append(more)
        if found:
            return await one(await one(sum(found)))
    return None
"""


def run(code: ast.Module | str, seen: list[str]) -> Any:
    class Manager:
        def __init__(self, name: str) -> None:
            self.name = name

        async def __aenter__(self) -> Any:
            seen.append(f"enter {self.name}")
            return SimpleNamespace(transaction=lambda: Manager("transaction"))

        async def __aexit__(self, *_: object) -> None:
            seen.append(f"leave {self.name}")

    async def one(value: int) -> int:
        seen.append(f"one {value}")
        return value + 1

    async def stream(values: list[int]) -> Any:
        for value in list(values):
            yield value * 10

    counts = mmap.mmap(-1, 400)
    names = {"one": one, "stream": stream, "__failpoints__": Failpoints(counts, None)}
    exec(compile(code, "work", "exec"), names)
    pool = SimpleNamespace(acquire=lambda: Manager("pool"))
    result = asyncio.run(names["work"](pool, [1, 2]))  # type: ignore[operator]
    return result, list(memoryview(counts).cast("I"))


def test_code_with_points_does_what_it_did() -> None:
    before: list[str] = []
    after: list[str] = []
    plain, _ = run(CODE, before)
    rewritten, hits = run(rewrite(CODE.encode(), "work", 0)[0], after)
    assert rewritten == plain
    assert after == before
    names = rewrite(CODE.encode(), "work", 0)[1]
    assert all(hits[: len(names)]), "a point that was passed was not counted"


def test_every_await_of_the_paths_has_a_point_before_and_after() -> None:
    awaits = 0
    for path in failpoints.modules().values():
        for node in ast.walk(ast.parse(path.read_bytes())):
            awaits += isinstance(node, ast.Await | ast.AsyncFor)
            awaits += sum(2 for _ in node.items) if isinstance(node, ast.AsyncWith) else 0
            awaits += isinstance(node, ast.comprehension) and node.is_async
    assert len(points()) == 2 * awaits
    assert len(set(points())) == len(points())


@pytest.mark.parametrize("pattern", failpoints.PATHS)
def test_each_of_the_paths_is_there(pattern: str) -> None:
    """One that was renamed would be left out in silence."""
    assert list(failpoints.ROOT.glob(pattern))


@pytest.mark.parametrize(
    "module", ["shared.relay", "shared.fence", "shared.consuming", "shared.group_commit", "shared.event_log"]
)
def test_the_paths_hold_what_the_promise_stands_on(module: str) -> None:
    assert any(name.startswith(f"{module}:") for name in points())


def test_a_process_ends_at_a_point_where_that_is_wanted_and_nowhere_else(tmp_path: Path) -> None:
    hits = tmp_path / "hits"
    failpoints.new_hits(hits)
    wanted = Wanted.new(tmp_path / "wanted")
    code = (
        "import asyncio; from tests.faults import failpoints; failpoints.install(); "
        "from shared.database import transaction\n"
        "class Both:\n"
        "    def acquire(self): return self\n"
        "    def transaction(self): return self\n"
        "    async def __aenter__(self): return self\n"
        "    async def __aexit__(self, *_): print('committed')\n"
        "async def main():\n"
        "    async with transaction(Both()): print('within')\n"
        "asyncio.run(main())"
    )
    point = next(name for name in points() if name.startswith("shared.database:transaction:2 before leaving"))
    wanted.want([point])
    environment = {**os.environ, HITS: str(hits), WANTED: str(tmp_path / "wanted"), "PYTHONUNBUFFERED": "1"}
    # Once there has been a crash at it, none is wanted there any more.
    for status, said in ((STATUS_OF_A_CRASH, "within\n"), (0, "within\ncommitted\ncommitted\n")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=failpoints.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (status, said), done.stderr
        assert wanted.been == {point}
    assert dict(failpoints.hits(hits))[point] == 2


def test_what_is_wanted_is_wanted_alone_and_what_has_been_has_been(tmp_path: Path) -> None:
    wanted = Wanted.new(tmp_path / "wanted")
    wanted.want(points()[:3])
    assert [index for index in range(len(points())) if wanted.at(index)] == [0, 1, 2]
    wanted.been_at(1)
    wanted.want(points()[1:5])
    assert [index for index in range(len(points())) if wanted.at(index)] == [2, 3, 4]
    assert wanted.been == {points()[1]}


def test_what_never_ends_is_among_the_points() -> None:
    assert set(points()) >= failpoints.NEVER
