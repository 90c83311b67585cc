"""What is going on, on stderr: stdout holds the result alone."""

import sys


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
