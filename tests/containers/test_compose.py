"""compose.yaml: the same system in containers, up with one command; hardened, each part with its own secrets alone."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bench.rig import free_port_base
from shared.testing import status_event
from tests.containers.infrastructure import COMPOSE, ROOT, engine_is_missing

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("GUICHET_TEST_WITH") != "containers", reason="GUICHET_TEST_WITH=containers runs these"
    ),
    pytest.mark.timeout(900),
]
OURS = ("guichet", "inventory", "feedback", "status", "reporting")


class Project:
    """One `docker compose` project, on ports and in volumes of its own."""

    def __init__(self) -> None:
        base = free_port_base()
        ports = {
            "GUICHET_PORT_BASE": base,
            "GUICHET_INVENTORY_PORT": base + 1,
            "GUICHET_FEEDBACK_PORT": base + 2,
            "GUICHET_STATUS_PORT": base + 3,
        }
        self.name = f"guichet-test-{uuid.uuid4().hex[:8]}"
        self.environment = {**os.environ, **{name: str(port) for name, port in ports.items()}}

    def run(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        done = subprocess.run(
            ["docker", "compose", "-p", self.name, *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def guichet(self, *arguments: str, stdin: str | None = None) -> Any:
        """What the operator's command answers, in its container."""
        out = self.run("exec", "-T", "guichet", "guichet", *arguments, stdin=stdin)
        return [json.loads(line) for line in out.splitlines()] if arguments[0] == "emit" else json.loads(out)

    def inspect(self, part: str) -> Any:
        container = self.run("ps", "-q", part).strip()
        done = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)[0]


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    if missing := engine_is_missing():
        pytest.skip(missing)
    found = Project()
    try:
        found.run("up", "--wait", "--build", "--quiet-pull")
        yield found
    finally:
        found.run("down", "--volumes", "--remove-orphans", check=False)
        found.run("--profile", "demo", "down", "--volumes", "--rmi", "local", check=False)


def test_up_wait_brings_up_every_part_in_health(project: Project) -> None:
    for part in (name for name, described in COMPOSE.items() if "profiles" not in described):
        state = project.inspect(part)["State"]
        assert (state["Status"], state["Health"]["Status"]) == ("running", "healthy"), part


def test_an_event_goes_all_the_way_through(project: Project) -> None:
    key = project.guichet("keys", "create", "--org", "9001")["key"]
    event = status_event("9001", uuid.uuid4().hex, "submitted")
    (receipt,) = project.guichet("emit", "-", "--to", "status", "--key", key, stdin=json.dumps(event))
    assert receipt["outcome"] == "accepted"
    assert project.guichet("verify", "--format", "json")["reconciled"] is True
    parts = {row["part"]: row["health"] for row in project.guichet("ps", "--format", "json")}
    assert parts == {**dict.fromkeys(("inventory", "feedback", "status", "reporting"), "ready"), "kafka": "elsewhere"}


@pytest.mark.parametrize("part", OURS)
def test_nobody_in_our_containers_is_root_or_writes_to_its_image(project: Project, part: str) -> None:
    found = project.inspect(part)
    host = found["HostConfig"]
    assert found["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert not host["Privileged"]
    tried = project.run("exec", "-T", part, "sh", "-c", "id -u; touch /app/x 2>&1 || true")
    assert tried.splitlines()[0] == "10001"
    assert "Read-only file system" in tried


@pytest.mark.parametrize("part", OURS[1:])
def test_an_image_holds_one_service_and_sees_its_own_secrets_alone(project: Project, part: str) -> None:
    services = project.run("exec", "-T", part, "sh", "-c", "ls /app/services/*/app.py")
    assert services.split() == [f"/app/services/{part}/app.py"]
    listed = project.run("exec", "-T", part, "sh", "-c", "ls /run/guichet; ls /var/lib/guichet 2>&1 || true")
    assert "guichet_database_url" in listed
    assert "cannot access" in listed or "No such file" in listed
    kept = json.dumps(project.inspect(part)["Config"]["Env"])
    secret = project.run("exec", "-T", part, "cat", "/run/guichet/guichet_pepper").strip()
    assert secret
    assert secret not in kept


def test_nothing_is_reached_from_other_machines(project: Project) -> None:
    for part in COMPOSE:
        for port in COMPOSE[part].get("ports", []):
            assert port.startswith("127.0.0.1:"), part


def test_what_was_recorded_survives_that_all_containers_are_made_anew(project: Project) -> None:
    before = project.guichet("verify", "--format", "json")["logs"]["status"]["position"]
    project.run("down")
    project.run("up", "--wait")
    found = project.guichet("verify", "--format", "json")
    assert found["reconciled"] is True
    assert found["logs"]["status"]["position"] == before > 0


def test_the_demo_profile_feeds_it(project: Project) -> None:
    """With no wish for it to end: `up --wait` returns once it feeds."""
    summary = project.run(
        "run", "--rm", "-T", "demo", "demo", "--running", "--once", "--events", "500", "--format", "json"
    )
    assert json.loads(summary)["reconciled"] is True


def test_the_compose_file_says_one_thing_of_each_service() -> None:
    text = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert set(text["services"]) == {*OURS, "kafka", "postgres", "demo"}
    for name in OURS[1:]:
        assert text["services"][name]["build"]["args"] == {"SERVICE": name}
