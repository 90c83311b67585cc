"""The benchmarks measure what is right: a figure of a result that is not what it must be says nothing."""

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize("job", ["j1", "j2", "j3", "j6"])
def test_what_a_benchmark_measures_of_ours_is_correct(job: str) -> None:
    command = [sys.executable, "-m", "bench", job, "--quick", "--peers", "none", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert json.loads(done.stdout)["correct"]
