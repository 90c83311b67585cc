"""Identifiers as departments give them."""

from typing import Annotated

from pydantic import StringConstraints

# No comma, which separates ids in the official files; no slash, which joins an organisation's id to a thing's.
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\s,/\x00-\x1f][^,/\x00-\x1f]*$")
]
