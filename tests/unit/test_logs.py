"""What a process writes on stdout: declared fields, faults without their words, nothing that steers a terminal."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PERSONAL = "Maude Tremblay 046 454 286"
STEERING = "a\r\nb\x1b[31mc\x9b2Jd\x7fe\u202ef\x00g\u2028h"

_BEGIN = """
import asyncio, logging, sys
import shared.broker  # as a service has it: libraries are imported before
from shared.logs import configure_logs, log
configure_logs("status", "info")
PERSONAL, STEERING = sys.argv[1:3]
"""


def lines_of(script: str) -> tuple[str, list[dict[str, Any]]]:
    """What a process writes that logs under our configuration."""
    arguments = [PERSONAL, STEERING.replace("\x00", "")]
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout, [json.loads(line) for line in done.stdout.split("\n") if line]


def test_a_field_that_is_not_declared_is_left_out_and_named() -> None:
    written, (line,) = lines_of('log.info("service_started", port=1, client=PERSONAL, name_of=PERSONAL)')
    assert PERSONAL not in written
    assert (line["event"], line["service"], line["level"], line["port"]) == ("service_started", "status", "info", 1)
    assert line["undeclared"] == ["client", "name_of"]


def test_an_event_that_is_not_declared_has_no_fields() -> None:
    written, (line,) = lines_of('log.info("something_else", port=PERSONAL)')
    assert PERSONAL not in written
    assert (line["event"], line["undeclared"]) == ("something_else", ["port"])


def test_a_value_that_is_no_plain_value_is_written_by_its_type() -> None:
    written, (line,) = lines_of('log.info("service_started", port=ValueError(PERSONAL))')
    assert PERSONAL not in written
    assert line["port"] == "ValueError"


def test_a_fault_is_written_by_its_types_and_frames_without_a_word_of_it() -> None:
    written, (line,) = lines_of("""
def first():
    raise ValueError(PERSONAL)
def second():
    try:
        first()
    except ValueError as error:
        raise ExceptionGroup(PERSONAL, [KeyError(PERSONAL)]) from error
try:
    second()
except ExceptionGroup:
    log.exception("part_failed", part="x")
""")
    assert PERSONAL not in written
    assert [each["type"] for each in line["exception"]] == ["ExceptionGroup", "KeyError", "ValueError"]
    assert line["exception"][2]["frames"][-1].endswith(" first")


@pytest.mark.parametrize(
    "script",
    [
        'logging.getLogger("asyncio").error("Task exception was never retrieved\\nfuture: ValueError(%r)" % PERSONAL)',
        """
async def main():
    async def fails():
        raise ValueError(PERSONAL)
    task = asyncio.create_task(fails())
    await asyncio.wait([task])
asyncio.run(main())
""",
        """
import traceback
def fails():
    raise ValueError(PERSONAL + "\\n" + PERSONAL)
try:
    fails()
except ValueError:
    logging.getLogger("uvicorn.error").error(traceback.format_exc())
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\\n", exc_info=True)
    broker = shared.broker.make_broker(shared.kafka.Kafka("127.0.0.1:1"), "test")
    broker.config.logger._setup(None)
    broker.config.logger.log(f"ValueError: {PERSONAL}", logging.ERROR, exc_info=sys.exc_info()[1])
""",
    ],
)
def test_a_library_s_words_about_an_exception_are_not_written_either(script: str) -> None:
    written, lines = lines_of(script)
    assert lines
    assert "Tremblay" not in written
    assert {line["event"] for line in lines} == {"library_message"}
    assert all(line["exception"][0]["type"] == "ValueError" for line in lines if "exception" in line)


def test_a_warning_of_python_is_a_line_too() -> None:
    _, (line,) = lines_of('import warnings; warnings.warn("an old way\\nof doing it", stacklevel=1)')
    assert (line["event"], line["level"]) == ("library_message", "warning")
    assert line["message"].endswith("UserWarning: an old way")


def test_of_a_task_that_was_never_ended_it_is_said_what_it_ran() -> None:
    written, (line,) = lines_of("""
import asyncio, gc
async def wait_for(person):
    await asyncio.get_running_loop().create_future()
async def main():
    asyncio.create_task(wait_for("Tremblay"), name="Tremblay")
    await asyncio.sleep(0)
    gc.collect()
asyncio.run(main())
""")
    assert line["message"] == "Task was destroyed but it is pending! (wait_for)"
    assert "Tremblay" not in written


def test_nothing_that_steers_a_terminal_is_written_in_any_text_field() -> None:
    written, lines = lines_of("""
log.info("service_started", port=STEERING)
log.warning("rejections_not_sent", error=STEERING, events={STEERING: [STEERING]})
logging.getLogger("uvicorn.error").warning("Invalid" + STEERING)
""")
    assert len(lines) == 3
    assert all(character == "\n" or character.isprintable() for character in written)
    assert lines[0]["port"] == STEERING.replace("\x00", "")


def test_half_of_a_surrogate_pair_is_no_reason_to_write_nothing() -> None:
    _, (line,) = lines_of('log.info("service_started", port="a" + chr(0xD800))')
    assert line["event"] == "service_started"
