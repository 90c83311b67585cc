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
REQUIREMENTS = Path(__file__).parent / "peers" / "requirements"


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
    done = subprocess.run(
        [*install, "--only-binary", ":all:", "-r", str(REQUIREMENTS / f"{name}.txt")],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        lines = [line for line in done.stderr.strip().splitlines() if line.startswith("ERROR")] or ["pip failed"]
        reason = f"cannot be installed on Python {sys.version.split()[0]}: {lines[-1].removeprefix('ERROR: ')}"
        _reason(name).write_text(reason, encoding="utf-8")
        return reason
    _stamp(name).write_text(_state(name), encoding="utf-8")
    return None


def _stamp(name: str) -> Path:
    return FOLDER / name / "made-of"


def _reason(name: str) -> Path:
    return FOLDER / f"{name}.reason"


def _state(name: str) -> str:
    """What an environment was made of: when this changes, it is made again."""
    requirements = (REQUIREMENTS / f"{name}.txt").read_bytes()
    return f"{hashlib.sha256(requirements).hexdigest()} {sys.version}"


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
