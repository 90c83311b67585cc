"""The command `guichet` imports what its command needs, and finds every command."""

import subprocess
import sys

import pytest

from guichet.main import MODULES

SHOWN = """
import sys
from guichet.main import app, register
register(sys.argv[1:])
groups = [(each.name, each.typer_instance.registered_commands[0].callback) for each in app.registered_groups]
commands = [(each.name or each.callback.__name__, each.callback) for each in app.registered_commands]
for name, callback in [*commands, *groups]:
    print(name, callback.__module__.rpartition(".")[2])
"""


def registered(*arguments: str) -> dict[str, str]:
    """Each command that is there after these arguments, with the module that has it."""
    command = [sys.executable, "-c", SHOWN, *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in said.splitlines())


def test_each_command_is_in_the_module_that_the_table_says() -> None:
    assert registered() == registered("--help") == MODULES


@pytest.mark.parametrize("command", ["keys", "emit", "rebuild", "tail"])
def test_a_command_that_is_named_is_imported_without_the_others(command: str) -> None:
    mine = {name for name, module in MODULES.items() if module == MODULES[command]}
    assert registered(command, "--help").keys() == mine
    assert registered("--some-option", command).keys() == mine


def test_what_is_no_command_is_told_with_all_that_there_are() -> None:
    assert registered("no-such") == MODULES
