"""Failpoints before and after every await of the commit, relay and consuming paths, without a word of them in the product.

A service that is run by this module has its own modules rewritten as they are imported: each `await` becomes
`(reached(n), await ..., reached(n + 1))[1]`, and what `async with` and `async for` await is wrapped likewise. So every
await is covered because it is one, not because somebody remembered it. A process ends on the spot, as a power cut would have
it, at the first point it passes at which a crash is wanted: `python -m tests.faults.failpoints services.status.app`, told by
the environment where that stands (`GUICHET_FAULTS_WANTED`, a file that all processes share), and where to count
(`GUICHET_FAULTS_HITS`). With `GUICHET_FAULTS_CODE` the rewritten modules are read from that file, not made anew. With
`GUICHET_FAULTS_STOP` ("name@3") it stands still at a point's third time; with `GUICHET_FAULTS_KAFKA` ("9092=40001") what is
meant for the one port goes to the other.
"""

import ast
import marshal
import mmap
import os
import runpy
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

ROOT = Path(__file__).parents[2]
WANTED, HITS, CODE = "GUICHET_FAULTS_WANTED", "GUICHET_FAULTS_HITS", "GUICHET_FAULTS_CODE"
STOP, KAFKA = "GUICHET_FAULTS_STOP", "GUICHET_FAULTS_KAFKA"
STATUS_OF_A_CRASH: Final = 86
_WIDTH = 4
# What is passed all the time is passed some times more before a crash: a process would hardly begin otherwise.
_OFTEN, _ONE_IN = 200, 7

# What is awaited there ends with its process only.
NEVER = frozenset({"shared.group_commit:GroupCommit.run:1 left", "shared.relay:Relay.run:2 after"})

# The paths that the promise stands on: what is between a sender and a commit, a commit and Kafka, Kafka and a commit, a
# commit and who asked to be told of it.
PATHS = (
    "services/*/handlers/*.py",
    "services/feedback/store/cases.py",
    "services/feedback/store/handling.py",
    "services/feedback/store/improvements.py",
    "services/feedback/store/persons.py",
    "services/feedback/store/services.py",
    "services/feedback/store/times.py",
    "services/inventory/store/confirmations.py",
    "services/inventory/store/improvements.py",
    "services/inventory/store/re*.py",
    "services/inventory/store/versions.py",
    "services/reporting/store/decisions.py",
    "services/reporting/store/restoring.py",
    "services/reporting/store/telling.py",
    "services/reporting/store/writing.py",
    "services/status/delivering/mail.py",
    "services/status/delivering/recording.py",
    "services/status/delivering/webhooks.py",
    "services/status/delivering/worker.py",
    "services/status/store/claiming.py",
    "services/status/store/contacts.py",
    "services/status/store/deliveries.py",
    "services/status/store/exceptions.py",
    "services/status/store/inventory.py",
    "services/status/store/saving.py",
    "services/status/store/settling.py",
    "shared/consuming.py",
    "shared/correcting.py",
    "shared/database.py",
    "shared/dead_letters.py",
    "shared/event_log.py",
    "shared/fence.py",
    "shared/group_commit.py",
    "shared/ingest.py",
    "shared/kafka.py",
    "shared/listening.py",
    "shared/publishing.py",
    "shared/receiving.py",
    "shared/relay.py",
    "shared/replaying.py",
    "shared/restoring.py",
    "shared/setting_aside.py",
    "shared/transfers.py",
)


def modules() -> dict[str, Path]:
    """The modules that are rewritten, by name."""
    found = sorted({path for pattern in PATHS for path in ROOT.glob(pattern)})
    return {_module_name(path): path for path in found}


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def points() -> tuple[str, ...]:
    """Every point's name, such as `shared.relay:Relay._publish_some:2 before`; its index is where its hits are counted."""
    return tuple(name for names, _ in _compiled().values() for name in names)


@cache
def _compiled() -> dict[str, tuple[list[str], CodeType]]:
    """Each module's points, whose indexes follow one another, and its code with them."""
    if file := os.environ.get(CODE):
        return dict(marshal.loads(Path(file).read_bytes()))
    found: dict[str, tuple[list[str], CodeType]] = {}
    first = 0
    for module, path in modules().items():
        tree, names = rewrite(path.read_bytes(), module, first)
        found[module] = names, compile(tree, str(path), "exec", dont_inherit=True)
        first += len(names)
    return found


def keep_code(file: Path) -> None:
    """Write the rewritten modules where processes that are told of it by `CODE` find them."""
    file.write_bytes(marshal.dumps(_compiled()))


def reachable() -> set[str]:
    """The points at which a process can end."""
    return set(points()) - NEVER


def rewrite(source: bytes, module: str, first: int) -> tuple[ast.Module, list[str]]:
    """A module's tree with its points, and their names; the first has the index `first`."""
    rewriting = _Rewriting(module, first)
    tree = ast.fix_missing_locations(rewriting.visit(ast.parse(source)))
    return tree, rewriting.names


class _Rewriting(ast.NodeTransformer):
    def __init__(self, module: str, first: int) -> None:
        self._module, self._first = module, first
        self._place: list[str] = []
        self._awaits: dict[str, int] = {}
        self.names: list[str] = []

    def _points(self, *moments: str) -> int:
        """The index of the first of some new points around one await."""
        place = ".".join(self._place)
        number = self._awaits[place] = self._awaits.get(place, 0) + 1
        first = self._first + len(self.names)
        self.names += [f"{self._module}:{place}:{number} {moment}" for moment in moments]
        return first

    def _within(self, node: Any) -> Any:
        self._place.append(node.name)
        self.generic_visit(node)
        self._place.pop()
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _within  # noqa: N815 - ast's names

    def visit_Await(self, node: ast.Await) -> Any:
        first = self._points("before", "after")
        self.generic_visit(node)
        around = ast.Tuple([_call("reached", first), node, _call("reached", first + 1)], ast.Load())
        return ast.copy_location(ast.Subscript(around, ast.Constant(1), ast.Load()), node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> Any:
        for item in node.items:
            first = self._points("before entering", "entered", "before leaving", "left")
            item.context_expr = _call("Watched", first, item.context_expr)
        self.generic_visit(node)
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> Any:
        node.iter = _call("watched", self._points("before next", "next"), node.iter)
        self.generic_visit(node)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        if node.is_async:
            node.iter = _call("watched", self._points("before next", "next"), node.iter)
        self.generic_visit(node)
        return node


def _call(name: str, point: int, *more: ast.expr) -> ast.Call:
    function = ast.Attribute(ast.Name("__failpoints__", ast.Load()), name, ast.Load())
    return ast.Call(function, [ast.Constant(point), *more], [])


class Wanted:
    """A file with a byte for each point: where a crash is wanted, and where one has been."""

    _WANTED, _BEEN = 1, 2

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._bytes = mmap.mmap(opened.fileno(), len(points()))

    @classmethod
    def new(cls, file: Path) -> "Wanted":
        """Where nothing is wanted yet."""
        file.write_bytes(bytes(len(points())))
        return cls(file)

    def want(self, names: Iterable[str]) -> None:
        """A crash at each of these at which none has been; nowhere else."""
        chosen = set(names)
        for index, name in enumerate(points()):
            if self._bytes[index] != self._BEEN:
                self._bytes[index] = self._WANTED if name in chosen else 0

    def at(self, index: int) -> bool:
        return self._bytes[index] == self._WANTED

    def been_at(self, index: int) -> None:
        self._bytes[index] = self._BEEN

    @property
    def been(self) -> set[str]:
        """The points at which a process has ended."""
        return {name for name, byte in zip(points(), self._bytes[:], strict=True) if byte == self._BEEN}


class Failpoints:
    """What rewritten code calls: counts each point's hits, and ends the process where that is wanted."""

    def __init__(self, hits: mmap.mmap, wanted: Wanted | None) -> None:
        self._hits, self._wanted = memoryview(hits).cast("I"), wanted
        self.begin({})

    def begin(self, environment: Mapping[str, str]) -> None:
        """A process begins, with what its environment says."""
        name, _, times = environment.get(STOP, "").partition("@")
        self._stop = points().index(name) if name else None
        self._left = int(times or 1)

    def reached(self, point: int) -> None:
        hits = self._hits[point] = self._hits[point] + 1
        if self._wanted is not None and self._wanted.at(point) and (hits < _OFTEN or hits % _ONE_IN == 0):
            self._wanted.been_at(point)
            os._exit(STATUS_OF_A_CRASH)
        if point == self._stop:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)

    def Watched(self, first: int, manager: Any) -> "_Watched":  # noqa: N802 - named as what it makes
        return _Watched(self.reached, first, manager)

    def watched(self, first: int, iterable: Any) -> Any:
        return _watched(self.reached, first, iterable)


class _Watched:
    def __init__(self, reached: Callable[[int], None], first: int, manager: Any) -> None:
        self._reached, self._first, self._manager = reached, first, manager

    async def __aenter__(self) -> Any:
        self._reached(self._first)
        entered = await self._manager.__aenter__()
        self._reached(self._first + 1)
        return entered

    async def __aexit__(self, *error: object) -> Any:
        self._reached(self._first + 2)
        swallowed = await self._manager.__aexit__(*error)
        self._reached(self._first + 3)
        return swallowed


async def _watched(reached: Callable[[int], None], first: int, iterable: Any) -> Any:
    iterator = aiter(iterable)
    while True:
        reached(first)
        try:
            item = await anext(iterator)
        except StopAsyncIteration:
            return
        reached(first + 1)
        yield item


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, failpoints: Failpoints) -> None:
        super().__init__(name, path)
        self._failpoints = failpoints

    def get_code(self, fullname: str) -> Any:
        return _compiled()[fullname][1]

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__failpoints__"] = self._failpoints
        super().exec_module(module)


class _Finder(MetaPathFinder):
    def __init__(self, failpoints: Failpoints) -> None:
        self._failpoints = failpoints

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if fullname not in _compiled():
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        return _rewritten(spec, self._failpoints) if spec is not None else None


def _rewritten(spec: ModuleSpec, failpoints: Failpoints) -> ModuleSpec:
    assert spec.origin is not None
    spec.loader = _Loader(spec.name, spec.origin, failpoints)
    return spec


def new_hits(file: Path) -> None:
    """A file in which a process counts its hits, all zero."""
    file.write_bytes(bytes(_WIDTH * len(points())))


def hits(file: Path) -> Iterator[tuple[str, int]]:
    """The points that were reached, and how often."""
    counts = memoryview(file.read_bytes()).cast("I")
    for name, count in zip(points(), counts, strict=True):
        if count:
            yield name, count


def install() -> Failpoints:
    """From now on, modules of the paths are imported with points."""
    names = points()
    with Path(os.environ[HITS]).open("r+b") as file:
        counted = mmap.mmap(file.fileno(), _WIDTH * len(names))
    wanted = os.environ.get(WANTED)
    failpoints = Failpoints(counted, Wanted(Path(wanted)) if wanted else None)
    failpoints.begin(os.environ)
    sys.meta_path.insert(0, _Finder(failpoints))
    return failpoints


def reroute_kafka() -> None:
    """Connections meant for one port of Kafka go to another, where a link listens."""
    meant, _, taken = os.environ.get(KAFKA, "").partition("=")
    if not meant:
        return
    from aiokafka.conn import AIOKafkaConnection  # noqa: PLC0415 - only where there is a link

    made = AIOKafkaConnection.__init__

    def rerouted(self: Any, host: str, port: int, **more: Any) -> None:
        made(self, host, int(taken) if port == int(meant) else port, **more)

    AIOKafkaConnection.__init__ = rerouted


if __name__ == "__main__":
    install()
    reroute_kafka()
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
