"""What the pages of all services share: the frame, the styles, and the words they are written with."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.language import Language
from shared.problems import TITLES, Problem
from shared.web.words import Words

_ROOT = Path(__file__).parent

# Pages load nothing from elsewhere and run no inline script.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Pages:
    """Renders one service's templates, which are its own folder's unless said, inside the common frame."""

    def __init__(self, service: str, folder: Path | None = None) -> None:
        folders = [folder or _ROOT.parent.parent / "services" / service / "templates", _ROOT / "templates"]
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(
        self,
        request: Request,
        template: str,
        language: Language,
        status: int = 200,
        *,
        address: str | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page; inside it `say(en, fr)` chooses the language, and dates and numbers are written as it writes them. `address`:
        where the page is read, if a form was sent to another.
        """
        settings = request.app.state.settings
        other: Language = "en" if language == "fr" else "fr"
        path = f"/{other}{(address or request.url.path)[3:]}"
        html = self._environment.get_template(template).render(
            language=language,
            other=other,
            other_href=path + (f"?{request.url.query}" if request.url.query else ""),
            links=links_of(settings.links),
            simulated=settings.simulated,
            service=request.app.state.service,
            **Words(language).names(),
            **values,
        )
        return HTMLResponse(html, status, {"Content-Language": language, **SECURITY_HEADERS})

    def refuse(self, request: Request, language: Language, problem: Problem) -> HTMLResponse:
        """A page that says why there is none."""
        status, title = TITLES[problem.code]
        return self.render(request, "refused.html", language, status, problem=problem, problem_title=title)


def links_of(links: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in links.split(",") if "=" in pair)
