"""`guichet dlq`, as an operator uses it."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from guichet.client import Services
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem


def emitted(system: LocalSystem, *events: dict[str, Any]) -> None:
    system.command("emit", "-", "--to", "status", check=False, stdin=json.dumps(events))


def listed(system: LocalSystem, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(system.command("dlq", "ls", "--format", "json", *arguments).stdout)
    return found


def letter_of(system: LocalSystem, event_id: str) -> dict[str, Any]:
    (found,) = [each for each in listed(system, "--org", "9001") if each["event_id"] == event_id]
    return found


def test_letters_are_listed_by_service_and_number_and_narrowed_by_options(system: LocalSystem, unique: str) -> None:
    emitted(system, status_event("9001", unique, "unheard_of"))
    letter = letter_of(system, f"{unique}-1")
    assert letter["id"].startswith("status:")
    for arguments in (["--service", "status", "--code", "invalid_value", "--since", "10m"], ["--org", "9001"]):
        assert letter["id"] in [each["id"] for each in listed(system, *arguments)]
    for arguments in (
        ["--service", "feedback"],
        ["--code", "not_your_service"],
        ["--org", "134"],
        ["--state", "dropped"],
    ):
        assert letter["id"] not in [each["id"] for each in listed(system, *arguments)]
    assert f"{unique}-1" in system.command("dlq", "ls").stdout
    rows = list(csv.DictReader(io.StringIO(system.command("dlq", "ls", "--format", "csv").stdout)))
    assert letter["id"] in [row["id"] for row in rows]


def test_one_letter_is_shown_with_its_reason_in_both_languages_and_what_was_sent(
    system: LocalSystem, unique: str
) -> None:
    emitted(system, status_event("9001", unique, "unheard_of"))
    shown = system.command("dlq", "show", letter_of(system, f"{unique}-1")["id"]).stdout
    for words in ("must be one of", "doit être", '"state": "unheard_of"', "9001", "http", f"{unique}-1"):
        assert words in shown


def test_what_was_sent_steers_no_terminal(system: LocalSystem, unique: str) -> None:
    emitted(system, status_event("9001", unique, "\x1b[31m\x9b\u202e\r\n", id=f"{unique}\x1b[2J\x9b"))
    letter = next(each for each in listed(system, "--org", "9001") if str(each["event_id"]).startswith(unique))
    for arguments in (["ls"], ["ls", "--format", "json"], ["ls", "--format", "csv"], ["show", letter["id"]]):
        shown = system.command("dlq", *arguments).stdout
        assert unique in shown
        assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(shown)


async def test_a_replay_prints_a_receipt_each_and_ends_with_1_while_any_is_rejected(
    system: LocalSystem, services: Services, unique: str
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5, seconds=4)
    emitted(
        system, status_event("9001", unique, "submitted", time=soon), status_event("9001", f"{unique}-b", "unheard_of")
    )
    good, bad = letter_of(system, f"{unique}-1")["id"], letter_of(system, f"{unique}-b-1")["id"]

    async def replay() -> Any:
        return system.command("dlq", "replay", good, bad, check=False)

    done = await eventually(replay, lambda each: '"accepted"' in each.stdout)
    receipts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [receipt["id"] for receipt in receipts] == [good, bad]
    assert [receipt["outcome"] for receipt in receipts] == ["accepted", "rejected"]
    assert receipts[1]["problem"]["detail"].keys() == {"en", "fr"}
    assert done.returncode == 1
    assert system.command("dlq", "replay", good).returncode == 0


def test_all_waiting_letters_of_a_code_are_replayed_and_no_others(system: LocalSystem, unique: str) -> None:
    emitted(system, *(status_event("9001", unique, "unheard_of", number=n) for n in range(3)))
    done = system.command(
        "dlq", "replay", "--all", "--org", "9001", "--code", "invalid_value", "--format", "json", check=False
    )
    receipts = json.loads(done.stdout)
    assert done.returncode == 1
    assert {f"{unique}-{n}" for n in range(3)} <= {receipt["event_id"] for receipt in receipts}
    assert {receipt["problem"]["code"] for receipt in receipts} == {"invalid_value"}


def test_a_dropped_letter_can_be_shown_without_content_and_not_replayed(system: LocalSystem, unique: str) -> None:
    emitted(system, status_event("9001", unique, "unheard_of"))
    letter = letter_of(system, f"{unique}-1")["id"]
    system.command("dlq", "drop", letter)
    assert "It was dropped." in system.command("dlq", "show", letter).stdout
    assert letter in [each["id"] for each in listed(system, "--state", "dropped")]
    done = system.command("dlq", "replay", letter, check=False)
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (1, "not_replayed")


def test_wrong_use_is_said_with_what_would_be_right(system: LocalSystem) -> None:
    for arguments, words in (
        (["show", "12"], "status:12"),
        (["replay"], "--all"),
        (["replay", "status:1", "--all"], "--all"),
        (["ls", "--since", "yesterday"], "10m"),
        (["ls", "--service", "reports"], "reporting"),
    ):
        done = system.command("dlq", *arguments, check=False)
        assert done.returncode == 2
        assert words in done.stderr


def test_every_command_of_an_operator_s_has_help_with_an_example(system: LocalSystem) -> None:
    for command in ("tail", "validate", "dlq ls", "dlq show", "dlq replay", "dlq drop"):
        shown = system.command(*command.split(), "--help").stdout
        assert f"Example: guichet {command}" in shown, command
