"""`guichet tail`, as an operator watches with it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from guichet.client import Services
from shared.testing import eventually, status_event
from tests.conftest import ROOT, LocalSystem


@contextmanager
def tailing(system: LocalSystem, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A tail in the background, ended as by Ctrl-C."""
    tail = subprocess.Popen(
        [sys.executable, "-m", "guichet", "tail", *arguments],
        env={**system.environment, "PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield tail
    finally:
        tail.send_signal(signal.SIGINT)
        _, said = tail.communicate(timeout=20)
        assert tail.returncode == 0, said


def wait_for_it(tail: "subprocess.Popen[str]") -> None:
    """Until the tail of one event says that it waits for it."""
    assert tail.stderr
    assert "waiting for it" in tail.stderr.readline()


def until(tail: "subprocess.Popen[str]", words: str) -> tuple[str, float]:
    """The first line that says something, and when it came."""
    assert tail.stdout
    for line in tail.stdout:
        if words in line:
            return line, time.time()
    raise AssertionError(f"the tail ended without {words}")


def steps(tail: "subprocess.Popen[str]", wanted: set[str]) -> dict[str, tuple[dict[str, Any], float]]:
    """Of each step wanted its first line, and when it came, in the order they came."""
    found: dict[str, tuple[dict[str, Any], float]] = {}
    assert tail.stdout
    for text in tail.stdout:
        line = json.loads(text)
        if line["step"] in wanted:
            found.setdefault(line["step"], (line, time.time()))
        if found.keys() == wanted:
            return found
    raise AssertionError(f"the tail ended with {list(found)}")


async def recorded(services: Services, key: str, event: dict[str, Any]) -> dict[str, Any]:
    return (await services.send("status", key, [orjson.dumps(event)]))[0]


def test_lines_of_all_services_are_shown_by_time(system: LocalSystem) -> None:
    lines = system.command("tail", "--no-follow", "--since", "1d", "--format", "json").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert {line["service"] for line in found} == {"inventory", "feedback", "status", "reporting"}
    moments = [line["at"] for line in found]
    assert moments == sorted(moments)
    assert "has started" in system.command("tail", "--no-follow", "--since", "1d").stdout


def test_without_since_only_the_end_is_shown(system: LocalSystem) -> None:
    assert len(system.command("tail", "--no-follow").stdout.splitlines()) <= 20


def test_nothing_runs_and_there_are_logs_is_enough(tmp_path: Path, system: LocalSystem) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "status.log").write_bytes((system.home / "logs" / "status.log").read_bytes())
    other = LocalSystem(tmp_path, 1)
    assert "status" in other.command("tail", "--no-follow").stdout
    assert LocalSystem(tmp_path / "nowhere", 1).command("tail", check=False).returncode == 3


def test_standard_input_is_shown_like_a_file(system: LocalSystem) -> None:
    text = (system.home / "logs" / "status.log").read_text(encoding="utf-8")
    done = system.command("tail", "-", stdin=text)
    assert "status     info    has started port=" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_reader_that_goes_away_is_no_error(system: LocalSystem) -> None:
    started = [sys.executable, "-m", "guichet", "tail", "--no-follow", "--since", "1d"]
    tail = subprocess.Popen(started, env=system.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert tail.stdout
    tail.stdout.close()
    _, said = tail.communicate(timeout=30)
    assert b"Traceback" not in said


async def test_one_event_is_followed_live_within_a_second_of_each_step(
    system: LocalSystem, services: Services, key: str, org: str, unique: str
) -> None:
    with tailing(system, "--event", f"{unique}-1", "--format", "json") as tail:
        wait_for_it(tail)
        await recorded(services, key, status_event(org, f"{unique}-other", "submitted"))
        receipt = await recorded(services, key, status_event(org, unique, "submitted"))
        assert receipt["outcome"] == "accepted"
        found = steps(tail, {"accepted", "published", "read", "why", "taken"})
        taken, _ = found.pop("taken")  # by a line of a log, which may come at any time
        assert list(found) == ["accepted", "published", "read", "why"]
        for step, (line, came) in found.items():
            assert came - datetime.fromisoformat(line["at"]).timestamp() < 1.5, step
        first, last = taken["line"]["spans"]["status"]
        assert first <= receipt["position"] <= last


async def test_a_refusal_and_what_becomes_of_it_are_followed_too(
    system: LocalSystem, services: Services, key: str, org: str, unique: str
) -> None:
    with tailing(system, "--event", f"{unique}-1") as tail:
        wait_for_it(tail)
        await recorded(services, key, status_event(org, unique, "unheard_of"))
        line, _ = until(tail, "rejected by the door http")
        assert "invalid_value" in line
        letter = line.rpartition("(dead letter ")[2].partition(")")[0]
        system.command("dlq", "drop", letter)
        until(tail, "dropped")


async def test_events_of_an_application_are_shown_past_and_live(
    system: LocalSystem, services: Services, key: str, org: str, unique: str
) -> None:
    await recorded(services, key, status_event(org, unique, "submitted"))
    await recorded(services, key, status_event(org, f"{unique}-other", "submitted"))
    with tailing(system, "--application", unique) as tail:
        until(tail, f"recorded ApplicationStateChanged of {org}/{unique}: (new) -> submitted")
        await recorded(services, key, status_event(org, unique, "in_review", number=2))
        until(tail, "submitted -> in_review")
        await recorded(services, key, status_event(org, unique, "unheard_of", number=3))
        line, _ = until(tail, "rejected")
        assert f"{unique}-3" in line
    past = system.command("tail", "--application", unique, "--org", org, "--no-follow").stdout
    assert f"{unique}-other" not in past
    assert past.count("recorded") == 2


async def test_events_of_a_service_or_organisation_are_shown(
    system: LocalSystem, services: Services, key: str, org: str, unique: str
) -> None:
    await recorded(services, key, status_event(org, unique, "submitted", service_id=f"S-{unique}"))
    for arguments in (["--service", f"S-{unique}"], ["--org", org, "--since", "1m"]):
        lines = system.command("tail", "--no-follow", "--format", "json", *arguments).stdout.splitlines()
        found = [json.loads(line) for line in lines]
        assert f"{unique}-1" in [item["caused_by"]["id"] for item in found if item["what"] == "recorded"]
        assert {item["org_id"] for item in found} == {org}
    assert system.command("tail", "--no-follow", "--service", f"S-{unique}-none").stdout == ""


def test_an_event_nobody_knows_ends_with_1_and_says_so(system: LocalSystem, unique: str) -> None:
    done = system.command("tail", "--event", unique, "--no-follow", check=False)
    assert done.returncode == 1
    assert "no service knows this event" in done.stdout


async def test_a_service_that_does_not_answer_is_said_and_the_others_are_shown(
    system: LocalSystem, services: Services, key: str, org: str, unique: str
) -> None:
    await recorded(services, key, status_event(org, unique, "submitted"))
    process = system.addresses["processes"]["reporting"]
    os.kill(process, signal.SIGSTOP)
    try:
        shown = system.command("tail", "--event", f"{unique}-1", "--no-follow").stdout
    finally:
        os.kill(process, signal.SIGCONT)
    assert "accepted" in shown
    assert "reporting does not answer" in shown

    async def read() -> str:
        return system.command("tail", "--event", f"{unique}-1", "--no-follow").stdout

    await eventually(read, lambda text: "has read status:" in text)


async def test_what_waits_for_kafka_is_said_to_wait(
    system: LocalSystem, services: Services, key: str, org: str, unique: str
) -> None:
    process = system.addresses["processes"]["kafka"]
    os.kill(process, signal.SIGSTOP)
    try:
        await recorded(services, key, status_event(org, unique, "submitted"))
        shown = system.command("tail", "--event", f"{unique}-1", "--no-follow").stdout
    finally:
        os.kill(process, signal.SIGCONT)
    assert "is not in Kafka yet: the relay has published up to" in shown
    assert "Reporting has not read position" in shown

    async def read() -> str:
        return system.command("tail", "--event", f"{unique}-1", "--no-follow").stdout

    text = await eventually(read, lambda text: "has read status:" in text, seconds=40)
    assert "is in Kafka, on status.applications.v1" in text


@pytest.mark.parametrize(
    "arguments",
    [["x"], ["-", "--event", "a"], ["--event", "a", "--org", "134"], ["--source", "/a"], ["--since", "yesterday"]],
)
def test_wrong_use_is_said(system: LocalSystem, arguments: list[str]) -> None:
    assert system.command("tail", *arguments, check=False).returncode == 2


async def test_an_id_with_every_kind_of_character_is_followed(
    system: LocalSystem, services: Services, key: str, org: str, unique: str
) -> None:
    event = status_event(org, unique, "submitted", id=f"{unique}/é ?#%&=+")
    receipt = await recorded(services, key, event)
    shown = system.command("tail", "--event", event["id"], "--source", event["source"], "--no-follow").stdout
    assert f"at position {receipt['position']}" in shown
    assert datetime.now(UTC).strftime("%Y-%m-%d") in shown
