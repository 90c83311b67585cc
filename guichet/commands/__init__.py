"""The commands, one module a family; importing them registers them."""

from guichet.commands import feeding, operating, reading, running

__all__ = ["feeding", "operating", "reading", "running"]
