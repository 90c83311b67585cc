"""The command `guichet` forked from a process that has imported it: tests run it hundreds of times, and half a second of each
would be imports. What is forked is a process of its own, with its own arguments, environment, folder, input and output.
"""

import atexit
import importlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from guichet.main import MODULES, run
from guichet.processes import die_with_parent

Done = subprocess.CompletedProcess[str]


class Commands:
    """The process that waits to be forked, as tests see it; it ends with theirs."""

    def __init__(self) -> None:
        self._asked, its = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands", str(its.fileno())],
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no lock is held where it is made
        )
        its.close()

    def run(self, arguments: Sequence[str], env: Mapping[str, str], cwd: Path, stdin: str, seconds: float) -> Done:
        """What came of a command. Raises TimeoutExpired."""
        ours, its = socket.socketpair()
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, ours:
            given.write(stdin.encode())
            given.seek(0)
            with its:
                files = [given.fileno(), out.fileno(), err.fileno(), its.fileno()]
                socket.send_fds(self._asked, [b"."], files)
            asked = {"arguments": list(arguments), "environment": dict(env), "folder": str(cwd)}
            ours.sendall(json.dumps(asked).encode() + b"\n")
            ours.settimeout(seconds)
            told = ours.makefile()
            pid = int(told.readline())
            try:
                status = int(told.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(arguments), seconds) from None
            return Done(["guichet", *arguments], status, _text(out), _text(err))

    def close(self) -> None:
        self._asked.close()
        self._process.wait(30)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _main(asked: socket.socket) -> None:
    for module in dict.fromkeys(MODULES.values()):
        importlib.import_module(f"guichet.commands.{module}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        more, files, _, _ = socket.recv_fds(asked, 1, 4)
        if not more:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            _look_after(files[:3], socket.socket(fileno=files[3]))
        for each in files:
            os.close(each)


def _look_after(files: Sequence[int], who: socket.socket) -> None:
    what = json.loads(who.makefile().readline())
    pid = os.fork()
    if pid == 0:
        who.close()
        _become(what, files)
    with suppress(OSError):  # who asked may be gone
        who.sendall(f"{pid}\n".encode())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        who.sendall(f"{status}\n".encode())
    os._exit(0)


def _become(what: dict[str, Any], files: Sequence[int]) -> None:
    die_with_parent(signal.SIGTERM)()
    for number, each in enumerate(files):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(what["environment"])
    os.chdir(what["folder"])
    random.seed()
    sys.argv = ["guichet", *what["arguments"]]
    status = 0
    try:
        run()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - told as the interpreter would
        sys.excepthook(*sys.exc_info())
        status = 1
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])))
