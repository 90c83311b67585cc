"""The command, as people use it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from bench.rig import free_port_base
from guichet.client import Services
from guichet.synthetic import SERVICES, STANDARDS
from shared.testing import status_event
from tests.commands import Done
from tests.conftest import ROOT, LocalSystem, commands
from tests.e2e.conftest import Served


def _run(home: Path, *arguments: str) -> Done:
    return commands().run(arguments, {**os.environ, "GUICHET_HOME": str(home)}, ROOT, "", 240)


def test_importing_again_changes_nothing(system: LocalSystem, inventory: dict[str, int]) -> None:
    again = json.loads(system.command("import", str(SERVICES), str(STANDARDS), "--format", "json").stdout)
    assert inventory["rejected"] == 0
    assert (again["imported"], again["unchanged"], again["rejected"]) == (0, again["rows"], 0)


def test_a_dry_run_says_what_would_be_and_needs_no_system(tmp_path: Path) -> None:
    done = _run(tmp_path, "import", "--dry-run", str(SERVICES), "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["imported"] == 400


def test_a_rejected_row_ends_with_1_and_says_why_in_both_languages(tmp_path: Path) -> None:
    rows = SERVICES.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    file = tmp_path / "service.csv"
    file.write_text(rows[0] + rows[1].replace("2025-2026", "2025-2027", 1) + rows[2], encoding="utf-8")
    done = _run(tmp_path, "import", "--dry-run", str(file), "--format", "json")
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert (answer["imported"], answer["rejected"]) == (1, 1)
    finding = next(each for each in answer["findings"] if each["rejected"])
    assert finding["text"]["en"]
    assert finding["text"]["fr"]


def test_without_a_system_a_command_says_how_to_start_one(tmp_path: Path) -> None:
    for command in (["ps"], ["verify"], ["token", "--role", "auditor"], ["report", "performance"]):
        done = _run(tmp_path / "nowhere", *command)
        assert done.returncode == 3
        assert "guichet up" in done.stderr
        assert done.stdout == ""


def test_a_used_port_is_said_plainly(tmp_path: Path) -> None:
    base = free_port_base()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + 3))
        taken.listen()
        done = _run(tmp_path / "home", "up", "--port-base", str(base))
    assert done.returncode == 2
    assert f"port {base + 3} (for status) is in use" in done.stderr
    assert "--port-base" in done.stderr


def test_wrong_settings_are_one_line_each_and_exit_2(tmp_path: Path) -> None:
    settings = {
        "GUICHET_DATABASE_URL": "postgresql://localhost/x",
        "GUICHET_KAFKA_BOOTSTRAP": "localhost:1",
        "GUICHET_PEPPER": "p" * 32,
        "GUICHET_MASTER_KEY": "A" * 43,
        "GUICHET_PORT": "many",
    }
    done = subprocess.run(
        [sys.executable, "-m", "services.status.app"],
        env={**{k: v for k, v in os.environ.items() if not k.startswith("GUICHET_")}, **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("setting GUICHET_PORT: ")
    assert done.stderr.count("\n") == 1


def test_verify_finds_nothing_and_its_json_is_one_value(system: LocalSystem, served: Served) -> None:
    answer = json.loads(system.command("verify", "--format", "json").stdout)
    assert answer["reconciled"] is True
    assert answer["differences"] == []


@pytest.mark.parametrize("format_", ["table", "json", "csv"])
def test_reports_are_read_on_the_terminal(system: LocalSystem, served: Served, format_: str) -> None:
    for arguments in (["performance", served.service_id, "--role", "auditor"], ["freshness"]):
        done = system.command("report", *arguments, "--format", format_)
        assert done.stdout
        if format_ == "json":
            json.loads(done.stdout)


def test_emit_reads_one_object_an_array_lines_and_standard_input(system: LocalSystem, unique: str) -> None:
    events = [status_event("9001", f"{unique}-{n}", "submitted") for n in range(3)]
    lines = "\n".join(json.dumps(event) for event in events)
    for text, wanted in ((json.dumps(events[0]), 1), (json.dumps(events), 3), (lines, 3)):
        done = system.command("emit", "-", "--to", "status", stdin=text)
        receipts = [json.loads(line) for line in done.stdout.splitlines()]
        assert [receipt["outcome"] for receipt in receipts] in (
            ["accepted"] * wanted,
            ["duplicate"] + ["accepted"] * (wanted - 1),
            ["duplicate"] * wanted,
        )
    bad = system.command(
        "emit", "-", "--to", "status", check=False, stdin=json.dumps(status_event("9001", unique, "no"))
    )
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["problem"]["code"] == "invalid_value"


def test_keys_are_made_listed_without_their_secret_and_revoked(system: LocalSystem) -> None:
    made = json.loads(system.command("keys", "create", "--org", "9002", "--services", "status,feedback").stdout)
    assert made["key"].startswith(made["id"])
    listed = system.command("keys", "ls", "--format", "json").stdout
    assert made["key"] not in listed
    row = next(row for row in json.loads(listed) if row["id"] == made["id"])
    assert sorted(row["services"]) == ["feedback", "status"]
    assert made["id"] in system.command("keys", "revoke", made["id"]).stderr
    assert "everywhere" in system.command("keys", "revoke", made["id"]).stderr  # again: it stays so
    assert system.command("keys", "revoke", "gk_000000000000", check=False).returncode == 2


def test_doctor_looks_at_every_part(system: LocalSystem) -> None:
    checks = json.loads(system.command("doctor", "--format", "json").stdout)
    databases = {f"database of {service}" for service in ("inventory", "feedback", "status", "reporting")}
    looked_at = {
        "python",
        "disk",
        "settings",
        "clock",
        "inventory",
        "feedback",
        "status",
        "reporting",
        "kafka",
        *databases,
        *(f"records of {service}" for service in ("inventory", "feedback", "status", "reporting")),
        *(f"log of {service}" for service in ("inventory", "feedback", "status")),
    }
    assert looked_at == {check["check"] for check in checks}
    assert all(check["ok"] for check in checks), checks


def test_doctor_says_what_to_do_about_what_is_not_well(
    system: LocalSystem, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    addresses = system.addresses
    addresses["status"]["url"] = "http://127.0.0.1:9"
    addresses["kafka"]["password"] = "wrong"
    addresses["postgres"]["feedback"] = addresses["postgres"]["feedback"].replace("feedback:", "feedback:wrong", 1)
    (tmp_path / "addresses.json").write_text(json.dumps(addresses))
    monkeypatch.setenv("GUICHET_PEPER", "misspelt")
    found = LocalSystem(tmp_path, 0).command("doctor", "--format", "json", check=False)
    assert found.returncode == 1
    to_do = {check["check"]: check["to_do"] for check in json.loads(found.stdout) if not check["ok"]}
    assert set(to_do) == {"settings", "status", "kafka", "database of feedback"}
    assert all(to_do.values())


def test_every_command_has_help_with_an_example(tmp_path: Path) -> None:
    for command in ("up", "down", "ps", "demo", "import", "emit", "report", "verify", "doctor", "token"):
        done = _run(tmp_path, command, "--help")
        assert done.returncode == 0
        assert "Example: guichet" in done.stdout


@pytest.mark.parametrize("service", ["inventory", "feedback", "status", "reporting"])
async def test_a_service_describes_itself_and_its_health(
    services: Services, http: aiohttp.ClientSession, service: str
) -> None:
    for path, wanted in (
        ("/openapi.json", '"/readyz"'),
        ("/asyncapi.json", '"asyncapi"'),
        ("/healthz", "alive"),
        ("/readyz", '"degraded":false'),
        ("/metrics", "guichet_published_position"),
    ):
        async with http.get(f"{services.url(service)}{path}") as answer:
            assert answer.status == 200
            assert wanted in (await answer.text()).replace('": ', '":')
