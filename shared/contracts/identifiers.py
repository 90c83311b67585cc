"""Identifiers as departments give them."""

from typing import Annotated

from pydantic import StringConstraints

# Control characters, and those that turn the direction of text round: where they stand, an id is not what it looks like.
CONTROLS = r"\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
# No comma, which separates ids in the official files; no slash, which joins an organisation's id to a thing's.
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=rf"^[^\s,/{CONTROLS}][^,/{CONTROLS}]*$")
]
