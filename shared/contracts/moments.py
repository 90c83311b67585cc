"""Moments as departments give them: RFC 3339 text with a time zone, in a century that calendars know."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _is_text(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_AND_TIME.match(value)):
        return value
    raise ValueError(
        "a moment is written as text, such as 2026-04-01T09:30:00Z | un moment s'écrit en texte, tel que 2026-04-01T09:30:00Z"
    )


def _is_plausible(value: datetime) -> datetime:
    if 1900 <= value.year <= 2200:
        return value
    raise ValueError("a moment lies between the years 1900 and 2200 | un moment se situe entre les années 1900 et 2200")


WrittenMoment = Annotated[AwareDatetime, BeforeValidator(_is_text)]
Moment = Annotated[WrittenMoment, AfterValidator(_is_plausible)]
