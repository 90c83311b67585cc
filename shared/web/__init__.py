"""What the pages of all services share: the frame, styles, and how numbers and dates are written in each language."""

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.language import Bilingual, Language
from shared.problems import TITLES, Problem

_ROOT = Path(__file__).parent
_OTTAWA = ZoneInfo("America/Toronto")
_LOCALES = {"en": "en_CA", "fr": "fr_CA"}

# Pages load nothing from elsewhere and run no inline script.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Pages:
    """Renders one service's templates inside the common frame."""

    def __init__(self, service: str) -> None:
        folders = [_ROOT.parent.parent / "services" / service / "templates", _ROOT / "templates"]
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(
        self, request: Request, template: str, language: Language, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page; inside it `say(en, fr)` chooses the language, and dates and numbers are written as it writes them."""
        settings = request.app.state.settings
        other: Language = "en" if language == "fr" else "fr"
        path = f"/{other}{request.url.path[3:]}"
        html = self._environment.get_template(template).render(
            language=language,
            other=other,
            other_href=path + (f"?{request.url.query}" if request.url.query else ""),
            links=links_of(settings.links),
            demo=settings.mode == "demo",
            service=request.app.state.service,
            **_words(language),
            **values,
        )
        return HTMLResponse(html, status, {"Content-Language": language, **SECURITY_HEADERS})

    def refuse(self, request: Request, language: Language, problem: Problem) -> HTMLResponse:
        """A page that says why there is none."""
        status, title = TITLES[problem.code]
        return self.render(request, "refused.html", language, status, problem=problem, problem_title=title)


def links_of(links: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in links.split(",") if "=" in pair)


def _words(language: Language) -> dict[str, Any]:
    locale = _LOCALES[language]

    def say(en: str, fr: str) -> str:
        return fr if language == "fr" else en

    def text(pair: Bilingual | dict[str, str]) -> str:
        return pair.in_(language) if isinstance(pair, Bilingual) else pair[language]

    def number(value: float | None) -> str:
        return "–" if value is None else format_decimal(value, locale=locale)

    def percent(value: float | None) -> str:
        return (
            "–"
            if value is None
            else format_percent(value, format="#,##0.0 %" if language == "fr" else "#,##0.0%", locale=locale)
        )

    def day(value: date | None) -> str:
        return "–" if value is None else format_date(value, "long", locale=locale)

    def moment(value: datetime | None) -> str:
        return "–" if value is None else format_datetime(value, "medium", tzinfo=_OTTAWA, locale=locale)

    return {"say": say, "text": text, "number": number, "percent": percent, "day": day, "moment": moment}
