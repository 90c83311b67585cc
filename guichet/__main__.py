"""`python -m guichet`."""

from guichet.main import run

run()
