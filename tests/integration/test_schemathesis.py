"""What OpenAPI promises of the three doors holds for whatever schemathesis thinks of, for a department and an operator.

GUICHET_SCHEMATHESIS=300 gives each endpoint so many examples, and the doors every case of every field of every contract.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guichet.client import Services
from guichet.tokens import token
from tests.conftest import ROOT

EXAMPLES = os.environ.get("GUICHET_SCHEMATHESIS", "")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# What is not there yet, and what cannot be served just now, is said so and documented.
SETTINGS = '[checks]\nnot_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]\n'
DOORS = ["inventory", "feedback", "status"]


@pytest.mark.long
@pytest.mark.timeout(3600 if EXAMPLES else 300)
@pytest.mark.parametrize("service", DOORS)
@pytest.mark.parametrize("caller", ["department", "operator"])
def test_every_answer_is_as_documented_and_none_is_a_fault(
    service: str, caller: str, services: Services, key: str, tmp_path: Path
) -> None:
    bearer = key if caller == "department" else token(services.home, "schemathesis", ["operator"])
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
    url = f"{services.url(service)}/openapi.json"
    if EXAMPLES:
        _run(tmp_path, url, bearer, "--phases", "examples,coverage,fuzzing", "-n", EXAMPLES)
        return
    if caller == "operator":  # who may ask for everything
        _run(tmp_path, url, bearer, "--phases", "examples,coverage", "--exclude-path", "/v1/events")
    else:
        _run(tmp_path, url, bearer, "--phases", "examples,fuzzing", "-n", "6")


def test_what_an_officer_changes_by_hand_is_answered_as_documented(services: Services, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
    bearer, url = token(services.home, "schemathesis", ["officer"], "9001"), f"{services.url('inventory')}/openapi.json"
    only = ("--include-path-regex", "^/v1/(standards|stewardship)")
    _run(tmp_path, url, bearer, "--phases", "examples,coverage,fuzzing", "-n", EXAMPLES or "20", *only)


def _run(folder: Path, url: str, bearer: str, *arguments: str) -> None:
    command = [Path(sys.executable).parent / "schemathesis", "run", url, "-H", f"Authorization: Bearer {bearer}"]
    # An endless answer is no matter for it: streams are tested by reading them.
    rest = ["--exclude-path-regex", "/v1/applications/.*/events$", "--seed", "7", "--no-color"]
    limits = ["--checks", ",".join(CHECKS), "--continue-on-failure", "--request-timeout", "20", "--warnings", "off"]
    done = subprocess.run(
        [*command, *limits, *rest, *arguments],
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.integration.schemathesis_address", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
