"""What docs/departments.md and docs/ministeres.md tell departments to do works: each page is followed, block by block.

A reader has a folder and ports of their own: the ports of the addresses on a page are moved to them. `make install` alone
runs where the Makefile is.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import confluent_kafka
import orjson
import pytest

from bench.rig import free_port_base, remove
from guichet.validating import validate
from shared.door.description import RECEIPT
from shared.testing import eventually
from tests.commands import Done
from tests.conftest import ROOT, commands

PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("departments", "ministeres")}
EXAMPLE = re.compile(r"^\| .+ \| (\w+) \| \[.+?\]\((examples/.+?\.json)\) \|", re.MULTILINE)
LIBRDKAFKA = (2, 6, 1)


@dataclass(frozen=True)
class Block:
    kind: str
    text: str

    @property
    def runs(self) -> bool:
        return self.kind != "json"


def blocks(page: str) -> list[Block]:
    return [
        Block(kind, text) for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    ]


def rows(page: str) -> list[str]:
    return [line for line in PAGES[page].splitlines() if line.startswith("|")]


FIVE, *OTHERS = blocks("departments")


@dataclass
class Reader:
    """Someone who follows a page. `skipped` says why a block was passed over, by its number; `done` what became of it."""

    folder: Path
    port_base: int
    skipped: dict[int, str] = field(default_factory=dict)
    done: dict[int, Done] = field(default_factory=dict)
    exports: str = ""

    @property
    def environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name != "GUICHET_HOME"}
        return {**environment, "GUICHET_PORT_BASE": str(self.port_base)}

    def run(self, *command: str, folder: Path | None = None, **more: str) -> Done:
        return subprocess.run(
            command, cwd=folder or self.folder, env={**self.environment, **more},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip

    def guichet(self, *arguments: str) -> Done:
        return commands().run(arguments, self.environment, self.folder, "", 240)

    def follow_line(self, line: str) -> Done:
        return self.run("sh", "-euc", line, folder=ROOT if line.startswith("make ") else None)

    def follow(self, number: int, block: Block) -> None:
        text = re.sub(r"127\.0\.0\.1:80(\d\d)", lambda port: f"127.0.0.1:{self.port_base + int(port[1])}", block.text)
        if block.kind == "python":
            self.done[number] = self.run(".venv/bin/python", "-c", text)
            return
        exports, self.exports = self.exports, self.exports + "".join(re.findall(r"^export .*\n", text, re.MULTILINE))
        lacking, more = surroundings(text, self.folder)
        if lacking:
            self.skipped[number] = lacking
        else:
            self.done[number] = self.run("sh", "-euc", exports + text, **more)

    async def receipt_of(self, event_id: str) -> dict[str, Any] | None:
        url = f"http://127.0.0.1:{self.port_base + 3}/v1/receipts/{event_id}"
        key = orjson.loads((self.folder / "key.json").read_bytes())["key"]
        headers = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return orjson.loads(await answer.read()) if answer.status == 200 else None


def surroundings(text: str, folder: Path) -> tuple[str | None, dict[str, str]]:
    """Why a block cannot run here, if it cannot; and the environment it needs."""
    for tool in ("curl", "kcat"):
        if re.search(rf"^{tool} ", text, re.MULTILINE) and shutil.which(tool) is None:
            return f"{tool} is not installed (Debian: apt-get install {tool})", {}
    return librdkafka(folder) if "kcat " in text else (None, {})


def librdkafka(folder: Path) -> tuple[str | None, dict[str, str]]:
    """What lets kcat run on a librdkafka that Kafka 4 lets in: its own, or confluent-kafka's."""
    said = subprocess.run(["kcat", "-V"], capture_output=True, text=True, check=True).stdout
    used = tuple(int(part) for part in said.partition("librdkafka ")[2].split()[0].split("."))
    if used >= LIBRDKAFKA:
        return None, {}
    bundled = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    library = next(bundled.glob("librdkafka-*.so*"), None)
    if library is None:
        return f"kcat has librdkafka {used}, and none newer is at hand", {}
    (folder / "lib").mkdir(exist_ok=True)
    if not (folder / "lib/librdkafka.so.1").exists():
        (folder / "lib/librdkafka.so.1").symlink_to(library)
    return None, {"LD_LIBRARY_PATH": str(folder / "lib")}


def receipts(printed: str) -> list[dict[str, Any]]:
    """The receipts among what a block printed, one by one or as the answer to a request."""
    lines = [orjson.loads(line) for line in re.split(r"\n|(?<=\})(?=\{)", printed) if line.startswith("{")]
    return [each for line in lines for each in line.get("receipts", [line] if "outcome" in line else [])]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """A reader who has followed the whole page; the French one has the same blocks (below)."""
    found = Reader(Path(tempfile.mkdtemp(prefix="guichet-page-")), free_port_base())
    for name in (".venv", "docs"):
        (found.folder / name).symlink_to(ROOT / name)
    try:
        lines = [found.follow_line(line) for line in FIVE.text.splitlines()]
        assert [(done.args[-1], done.returncode) for done in lines] == [(done.args[-1], 0) for done in lines], lines
        found.done[0] = lines[-1]
        for number, block in enumerate(OTHERS, 1):
            if block.runs:
                found.follow(number, block)
        yield found
    finally:
        found.guichet("down")
        remove(found.folder / ".guichet")
        shutil.rmtree(found.folder)


def test_five_commands_lead_from_nothing_to_the_first_accepted_event(reader: Reader) -> None:
    assert len(FIVE.text.splitlines()) == 5
    (receipt,) = receipts(reader.done[0].stdout)
    assert (receipt["outcome"], receipt["position"]) == ("accepted", 1)
    assert receipt["tracking_code"]


@pytest.mark.parametrize("number", [n for n, block in enumerate(OTHERS, 1) if block.runs])
def test_every_block_works_in_its_turn(reader: Reader, number: int) -> None:
    if number in reader.skipped:
        pytest.skip(reader.skipped[number])
    done = reader.done[number]
    assert done.returncode == 0, f"{done.args[-1]}\n{done.stdout}\n{done.stderr}"
    assert {receipt["outcome"] for receipt in receipts(done.stdout)} <= {"accepted", "duplicate"}, done.stdout


async def test_every_event_that_was_sent_has_been_recorded(reader: Reader) -> None:
    sent = {
        each for number in reader.done for each in re.findall(r"A-2026-\d{4}-\d\b", blocks("departments")[number].text)
    }
    assert "A-2026-0004-1" in sent
    for event_id in sent:
        receipt = await eventually(lambda event_id=event_id: reader.receipt_of(event_id), seconds=40)
        assert receipt["outcome"] == "accepted"


async def test_what_was_corrected_says_what_took_its_place(reader: Reader) -> None:
    receipt = await reader.receipt_of("A-2026-0001-1")
    correction = orjson.loads((ROOT / "docs/examples/correction.json").read_bytes())
    assert receipt is not None
    assert receipt["superseded_by"]["id"] == correction["id"]
    assert receipt["superseded_by"]["reason"] == correction["data"]["reason"]


def test_keys_are_as_the_page_made_them(reader: Reader) -> None:
    """One opens everything, for ever; a narrow one was changed for another, and revoked."""
    listed = {row["id"]: row for row in orjson.loads(reader.guichet("keys", "ls", "--format", "json").stdout)}
    made = {name: reader.folder / f"{name}.json" for name in ("key", "narrow", "next")}
    whole, narrow, following = (listed[orjson.loads(file.read_bytes())["id"]] for file in made.values())
    assert {file.stat().st_mode & 0o777 for file in made.values()} == {0o600}
    assert [row["state"] for row in (whole, narrow, following)] == ["live", "revoked", "live"]
    assert (whole["services"], whole["expires_at"]) == (["inventory", "feedback", "status"], None)
    assert (narrow["services"], narrow["actions"]) == (["status"], ["report"])
    assert (following["services"], following["actions"]) == (["status"], ["report"])
    assert narrow["expires_at"] < following["expires_at"]  # the old one's had become that of the overlap


def test_a_key_is_never_written_over_and_never_taken_from_another_file(reader: Reader) -> None:
    before = (reader.folder / "key.json").read_bytes()
    again = reader.guichet("keys", "create", "--org", "134", "--out", "key.json")
    assert (again.returncode, (reader.folder / "key.json").read_bytes()) == (2, before)
    wrong = reader.guichet("emit", "docs/examples/status.json", "--to", "status", "--key", "@docs/examples/status.json")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "holds no key" in wrong.stderr


def test_the_headers_of_an_answer_say_how_the_key_stands(reader: Reader) -> None:
    number = next(n for n, block in enumerate(OTHERS, 1) if " -D - " in block.text)
    if number in reader.skipped:
        pytest.skip(reader.skipped[number])
    assert re.search(r'(?i)^ratelimit-policy: "events";q=200000;w=4', reader.done[number].stdout, re.MULTILINE)


@pytest.mark.parametrize(("door", "path"), EXAMPLE.findall(PAGES["departments"]))
def test_an_example_is_accepted_at_its_door(reader: Reader, door: str, path: str) -> None:
    done = reader.guichet("emit", f"docs/{path}", "--to", door, "--key", "@key.json")
    (receipt,) = receipts(done.stdout)
    assert receipt["outcome"] in {"accepted", "duplicate"}, done.stdout


# What the pages show, without a system


@pytest.mark.parametrize("name", PAGES)
def test_every_example_stands_on_the_page(name: str) -> None:
    listed = {path for _, path in EXAMPLE.findall(PAGES[name])}
    assert listed == {f"examples/{file.name}" for file in (ROOT / "docs/examples").iterdir()}


@pytest.mark.parametrize("name", PAGES)
def test_every_schema_is_on_the_page_and_beside_each_example_its_own(name: str) -> None:
    files = {f"schemas/{file.name}" for file in (ROOT / "docs/schemas").iterdir()}
    assert {link for link in _links(name) if link.startswith("schemas/")} == files
    beside = re.findall(r"\((examples/.+?)\) \| \[(\w+)\]\(schemas/(.+?)\.json\) \|$", PAGES[name], re.MULTILINE)
    assert len(beside) == len(EXAMPLE.findall(PAGES[name]))
    for path, called, kind in beside:
        assert orjson.loads((ROOT / "docs" / path).read_bytes())["type"] == kind
        assert called == kind.split(".")[2]


@pytest.mark.parametrize("name", PAGES)
def test_what_is_shown_but_not_run_is_an_event_that_would_be_accepted_or_a_receipt(name: str) -> None:
    shown = [orjson.loads(block.text) for block in blocks(name) if not block.runs]
    events = [each for each in shown if "specversion" in each]
    assert {receipt["outcome"] for receipt in validate(map(orjson.dumps, events))} == {"valid"}
    for receipt in (each for each in shown if each not in events):
        assert receipt.keys() <= RECEIPT["properties"].keys()


def test_the_two_pages_say_the_same_in_the_same_order() -> None:
    english, french = PAGES
    assert blocks(english) == blocks(french)
    headings = [re.findall(r"^#+(?= )", re.sub(r"(?ms)^```.*?^```$", "", PAGES[name]), re.MULTILINE) for name in PAGES]
    assert headings[0] == headings[1]
    assert [_codes(row) for row in rows(english)] == [_codes(row) for row in rows(french)]
    assert _links(english) == _links(french)


def _codes(row: str) -> tuple[int, list[str]]:
    """How many cells a row has, and what in them is the same in every language."""
    return row.count("|"), sorted(re.findall(r"`[^`]+`|\((?:examples|schemas)/[^)]+\)", row))


# Pages that there are of in each language, under a name of its own.
IN_ONE_LANGUAGE = {"ministeres.md", "departments.md", "inventory.md", "repertoire.md"}


def _links(page: str) -> set[str]:
    return set(re.findall(r"\]\(([^)]+)\)", PAGES[page])) - IN_ONE_LANGUAGE


@pytest.mark.parametrize("name", PAGES)
def test_what_the_pages_link_to_is_there(name: str) -> None:
    files = [link for link in _links(name) if "://" not in link]
    assert files
    assert [link for link in files if not (ROOT / "docs" / link).exists()] == []
