"""The commands, one module a family; importing them registers them."""

from guichet.commands import feeding, later, letters, operating, reading, receiving, running, watching

__all__ = ["feeding", "later", "letters", "operating", "reading", "receiving", "running", "watching"]
