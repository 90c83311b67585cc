"""Media types, as `Content-Type` and `datacontenttype` give them."""

from typing import Annotated

from pydantic import AfterValidator

JSON = "application/json"
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})


def in_utf_8(text: str) -> str | None:
    """`type/subtype` in lower case, without its parameters; None where they name another character set than UTF-8."""
    kind, *parameters = text.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in _UTF_8:
            return None
    return kind.strip().lower()


def _is_json(text: str) -> str:
    if in_utf_8(text) != JSON:
        raise ValueError("data is application/json in UTF-8 | data est en application/json, en UTF-8")
    return text


JsonType = Annotated[str, AfterValidator(_is_json)]
