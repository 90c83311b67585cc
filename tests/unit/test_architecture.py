"""Who may import what, where SQL may stand, and what files and functions look like, read from the code itself."""

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("inventory", "feedback", "status", "reporting")

# From the inside out: each layer may import those before it.
LAYERS = {"domain": 1, "store": 2, "handlers": 3, "delivering": 4, "api": 5, "consumers": 5, "pages": 5, "app": 6}
# status alone sends anything to anyone outside.
NAMES_OF_ONE = {"status": {"delivering"}}
NAMES_OF_A_SERVICE = {*LAYERS, "__init__", "migrations", "templates"} - {"delivering"}

DOMAIN_MAY_IMPORT = {
    "pydantic",
    "orjson",
    "shared.contracts",
    "shared.language",
    "shared.clock",
    "shared.calendars",
    "shared.measures",
    "shared.intervals",
    "shared.official",
    "shared.decoding",
    "shared.ownership",
    "shared.problems",
}
# These two do more than hold values; of them, domain takes the values alone.
VALUES_OF = {"shared.problems": {"Problem", "problem"}, "shared.decoding": {"Received"}}

# What every layer leans on must itself lean on nothing that touches the world.
PURE = (
    "shared.contracts",
    "shared.language",
    "shared.clock",
    "shared.calendars",
    "shared.measures",
    "shared.intervals",
)
PURE_MAY_IMPORT = {"pydantic", "pydantic_core", "holidays", *PURE}

# Outside the services' stores, SQL stands beside the tables it concerns, and nowhere else.
OWN_TABLES = {
    "shared/fence.py": "consumed",
    "shared/migrating.py": "migration",
    "shared/correcting.py": "correction",
    "shared/dead_letters.py": "dead_letter",
    "shared/event_log.py": "recorded_event, log_head, received_event",
    "shared/keys.py": "api_key",
    "shared/lost_events.py": "lost_event",
    "shared/receipts.py": "received_event",
    "shared/receiving.py": "received_event",
    "shared/relay.py": "relay_cursor",
    "shared/restoring.py": "log_restored, lost_event; log_head and relay_cursor, put right",
    "shared/transfers.py": "known_transfer",
    "shared/tracing.py": "no table of its own: reads recorded_event and received_event for an operator, changes none",
    "guichet/databases.py": "no table: the roles and databases of a server",
}
SQL = re.compile(
    r"^\s*(select\b.*(\bfrom\b|\bpg_\w+\()|with\s+\w+\s+as\s*\(|insert\s+into\s|update\s+\w+(\s+\w+)?\s+set\s"
    r"|delete\s+from\s|(create|alter|drop)\s+(unique\s+)?(table|index|schema|role|database|type|function)\b"
    r"|truncate\s|copy\s+\w+\s+(from|to)\b)",
    re.IGNORECASE | re.DOTALL,
)
NEVER = {"utils", "common", "helpers", "manager"}


@dataclass(frozen=True)
class Import:
    """`module` as far as it names a module of ours; `names` what is taken out of it."""

    file: str
    line: int
    module: str
    names: frozenset[str]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}" + (f" ({', '.join(self.names)})" if self.names else "")


def files(*folders: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for each in folders for path in (ROOT / each).rglob("*.py"))


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def imports(file: str) -> Iterator[Import]:
    """Every import, those inside functions too."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name, frozenset()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: an import path is the file's path"
            module, names = node.module or "", {alias.name for alias in node.names}
            inner = {name for name in names if is_module(f"{module}.{name}")}
            yield from (Import(file, node.lineno, f"{module}.{name}", frozenset()) for name in sorted(inner))
            if names - inner:
                yield Import(file, node.lineno, module, frozenset(names - inner))


def within(module: str, allowed: set[str] | tuple[str, ...]) -> bool:
    return any(module == each or module.startswith(each + ".") for each in allowed)


def layer_of(module: str) -> tuple[str, str]:
    """`services.status.store.saving` -> ("status", "store"); the service's own package has the layer ``."""
    parts = [*module.split("."), "", ""]
    return parts[1], parts[2]


def said(found: Iterator[Import] | list[Import]) -> str:
    return "\n".join(str(each) for each in found)


# Imports


def test_a_service_imports_from_the_outside_in_and_never_another_service() -> None:
    wrong = []
    for file in files("services"):
        service, layer = layer_of(module_of(file))
        for each in imports(file):
            if not within(each.module, {"services"}):
                continue
            of, inner = layer_of(each.module)
            downwards = LAYERS.get(inner, 9) < LAYERS.get(layer, 0)
            sibling = inner == layer and inner in {"api", "delivering", "handlers", "store", "domain", "pages"}
            shows = (layer, inner) == ("pages", "api")  # pages show what api answers
            if of != service or not (downwards or sibling or shows):
                wrong.append(each)
    assert not wrong, said(wrong)


def test_shared_knows_no_service_and_not_the_command() -> None:
    wrong = [each for file in files("shared") for each in imports(file) if within(each.module, {"services", "guichet"})]
    assert not wrong, said(wrong)


def test_the_command_knows_services_by_their_doors_alone() -> None:
    wrong = [each for file in files("guichet") for each in imports(file) if within(each.module, {"services"})]
    assert not wrong, said(wrong)


def test_the_product_imports_neither_tests_nor_benchmarks() -> None:
    outside = {"tests", "bench", "pytest", "hypothesis"}
    product = files("services", "shared", "guichet")
    wrong = [each for file in product for each in imports(file) if within(each.module, outside)]
    assert not wrong, said(wrong)


def test_a_domain_takes_values_and_gives_values() -> None:
    wrong = []
    for file in files("services"):
        service, layer = layer_of(module_of(file))
        if layer != "domain":
            continue
        allowed = {*DOMAIN_MAY_IMPORT, f"services.{service}.domain", *sys.stdlib_module_names}
        wrong += [
            each
            for each in imports(file)
            if not within(each.module, allowed) or not each.names <= VALUES_OF.get(each.module, each.names)
        ]
    assert not wrong, said(wrong)


def test_contracts_clock_calendars_measures_and_language_touch_nothing_of_the_world() -> None:
    allowed = {*PURE_MAY_IMPORT, *sys.stdlib_module_names}
    pure = [file for file in files("shared") if within(module_of(file), PURE)]
    wrong = [each for file in pure for each in imports(file) if not within(each.module, allowed)]
    assert not wrong, said(wrong)


def test_a_domain_asks_for_no_clock_chance_file_or_network() -> None:
    worldly = {"asyncio", "os", "random", "secrets", "socket", "subprocess", "time", "urllib", "uuid", "pathlib"}
    domains = [file for file in files("services") if layer_of(module_of(file))[1] == "domain"]
    wrong = [str(each) for file in domains for each in imports(file) if within(each.module, worldly)]
    for file in domains:
        wrong += [
            f"{file}:{node.lineno} asks what time it is; time is an argument"
            for node in ast.walk(tree(file))
            if isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow"}
        ]
    assert not wrong, "\n".join(wrong)


# SQL


def texts(file: str) -> Iterator[tuple[int, str]]:
    """String literals but docstrings; what an f-string fills in stands as `x`."""
    skipped: set[int] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                skipped.add(id(first.value))
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(each) for each in ast.walk(node))
            filled = (str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            yield node.lineno, "".join(filled)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def statements(file: str) -> list[str]:
    return [f"{file}:{line} {' '.join(text.split())[:80]}" for line, text in texts(file) if SQL.match(text)]


@pytest.mark.parametrize(
    "text",
    [
        "select a from b",
        "\n  with a as (select 1) select",
        "insert into a values (1)",
        "update application b set state = a.state",
        "delete from a where b",
        "create table if not exists a",
        "select pg_advisory_xact_lock(1)",
    ],
)
def test_a_statement_is_known_by_its_first_words(text: str) -> None:
    assert SQL.match(text)
    assert not SQL.match(f"What it says: {text}")


def test_a_sentence_is_no_statement() -> None:
    for text in ("Create a department's key", "Select a service", "Updated every night", "Copy it", "With all of them"):
        assert not SQL.match(text)


def test_sql_stands_in_stores_and_beside_the_tables_it_concerns() -> None:
    product = files("services", "shared", "guichet")
    allowed = [file for file in product if file in OWN_TABLES or layer_of(module_of(file))[1] == "store"]
    wrong = list(chain.from_iterable(statements(file) for file in product if file not in allowed))
    assert not wrong, "\n".join(wrong)


def test_every_file_that_may_hold_sql_does() -> None:
    assert [file for file in OWN_TABLES if not statements(file)] == []


# Names, files and functions


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_names(service: str) -> None:
    found = {path.name.removesuffix(".py") for path in (ROOT / "services" / service).iterdir()}
    assert found - {"__pycache__"} == NAMES_OF_A_SERVICE | NAMES_OF_ONE.get(service, set())


def test_there_are_four_services() -> None:
    found = {path.name for path in (ROOT / "services").iterdir() if path.is_dir()}
    assert found - {"__pycache__"} == set(SERVICES)


def test_a_service_says_what_it_owns_publishes_and_listens_to() -> None:
    for service in SERVICES:
        text = ast.get_docstring(tree(f"services/{service}/__init__.py")) or ""
        assert re.match(rf"{service} owns ", text), service
        assert "\nPublishes " in text, service
        assert "\nListens to " in text, service


def test_no_file_of_a_service_is_longer_than_250_lines() -> None:
    lengths = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in files("services")}
    assert {file: lines for file, lines in lengths.items() if lines > 250} == {}


@pytest.mark.parametrize("folder", ["shared", *(f"services/{service}" for service in SERVICES)])
def test_migrations_are_numbered_without_gap_named_for_what_they_do_and_say_why(folder: str) -> None:
    migrations = sorted((ROOT / folder / "migrations").iterdir())
    assert migrations
    for number, path in enumerate(migrations, 1):
        assert re.fullmatch(rf"{number:04}_[a-z]+_[a-z]+(_[a-z]+)*\.sql", path.name), path.name
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert re.match(r"-- \S+ \S+ \S+", first), f"{path.name} begins with no comment that says why"


def names(file: str) -> Iterator[tuple[int, str]]:
    yield 1, Path(file).stem
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
    yield from ((1, part) for part in Path(file).parts[:-1])


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_nothing_is_named_for_what_it_does_not_say() -> None:
    wrong = {
        f"{file}:{line} {name}"
        for file in files("services", "shared", "guichet")
        for line, name in names(file)
        if words(name) & NEVER
    }
    assert not wrong
    assert words("TopicManager") & NEVER
    assert words("common_parts") & NEVER


def test_functions_are_short() -> None:
    lengths = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for file in files("services", "shared")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    median = statistics.median(lengths)
    short = sum(length < 25 for length in lengths) / len(lengths)
    figures = f"{len(lengths)} functions, median {median:g} lines, {short:.1%} under 25"
    assert median < 8, figures
    assert short >= 0.9, figures
