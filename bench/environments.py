"""The peers' own virtual environments, in .bench/: each made once, and again when its requirements change.

`make bench-peers` calls this. Together in one environment, pip would silently pick older versions of some. What cannot be
installed here is named and skipped, and tried again the next time.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".bench"
PROGRAMS = Path(__file__).parent / "peers"
REQUIREMENTS = PROGRAMS / "requirements"
# What is fetched beside Python packages, and by which of the programs.
_FETCHES = {"connect": "connect_jars.py"}


def names() -> list[str]:
    """Every environment there is a file of requirements for."""
    return sorted(file.stem for file in REQUIREMENTS.glob("*.txt"))


def python_of(name: str) -> Path:
    return FOLDER / name / "bin" / "python"


def lacking(name: str) -> str | None:
    """Why an environment cannot be used; None when it can."""
    if _stamp(name).exists() and _stamp(name).read_text(encoding="utf-8") == _state(name):
        return None
    if _reason(name).exists():
        return _reason(name).read_text(encoding="utf-8")
    return "not installed: make bench-peers"


def make(name: str) -> str | None:
    """Make an environment where it is missing or out of date; why it could not be made, or None."""
    if lacking(name) is None:
        return None
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    _reason(name).unlink(missing_ok=True)
    venv.create(folder, with_pip=True, symlinks=True)
    install = [str(python_of(name)), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    steps = [[*install, "--only-binary", ":all:", "-r", str(REQUIREMENTS / f"{name}.txt")]]
    if name in _FETCHES:
        steps.append([str(python_of(name)), str(PROGRAMS / _FETCHES[name])])
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            _reason(name).write_text(_why(done.stderr), encoding="utf-8")
            return _why(done.stderr)
    _stamp(name).write_text(_state(name), encoding="utf-8")
    return None


def _why(said: str) -> str:
    lines = said.strip().splitlines() or ["without a word"]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines
    return f"cannot be installed on Python {sys.version.split()[0]}: {errors[-1]}"


def _stamp(name: str) -> Path:
    return FOLDER / name / "made-of"


def _reason(name: str) -> Path:
    return FOLDER / f"{name}.reason"


def _state(name: str) -> str:
    """What an environment was made of: when this changes, it is made again."""
    parts = [REQUIREMENTS / f"{name}.txt", *([PROGRAMS / _FETCHES[name]] if name in _FETCHES else [])]
    return f"{hashlib.sha256(b''.join(part.read_bytes() for part in parts)).hexdigest()} {sys.version}"


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name in names():
        if lacking(name) is not None:
            print(f"{name}: installing", flush=True)
        reason = make(name)
        print(f"{name}: " + (f"skipped, {reason}" if reason else "ready"), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
