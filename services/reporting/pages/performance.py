"""The public view: live performance, what is late, and how fresh each feed is."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.reporting import store
from services.reporting.api.performance import no_such_service, read_figures, read_freshness, read_service, today
from services.reporting.domain.figures import Window, window
from services.reporting.store import Filters
from shared.access import ANYONE
from shared.language import Bilingual, Language
from shared.organizations import name_of
from shared.web import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
pages = Pages("reporting")

_SHOWN = 50
WINDOWS = {
    "7d": Bilingual(en="Last 7 days", fr="7 derniers jours"),
    "28d": Bilingual(en="Last 28 days", fr="28 derniers jours"),
    "fiscal_year": Bilingual(en="This fiscal year", fr="Cet exercice"),
}
VERDICTS = {
    "met": ("good", Bilingual(en="target met", fr="cible atteinte")),
    "not_met": ("bad", Bilingual(en="target not met", fr="cible non atteinte")),
    "not_applicable": ("none", Bilingual(en="no target set", fr="aucune cible fixée")),
    "no_data": ("none", Bilingual(en="no data", fr="aucune donnée")),
    "undetermined": ("warn", Bilingual(en="cannot be told", fr="indéterminé")),
    None: ("none", Bilingual(en="fewer than 10 cases", fr="moins de 10 cas")),
}
CHANNELS = {
    "EML": Bilingual(en="e-mail", fr="courriel"),
    "FAX": Bilingual(en="fax", fr="télécopieur"),
    "ONL": Bilingual(en="online", fr="en ligne"),
    "OTH": Bilingual(en="other", fr="autre"),
    "PERSON": Bilingual(en="in person", fr="en personne"),
    "POST": Bilingual(en="mail", fr="courrier postal"),
    "TEL": Bilingual(en="telephone", fr="téléphone"),
    None: Bilingual(en="all channels", fr="tous les modes"),
}
SOURCES = {
    "inventory": Bilingual(en="Service inventory", fr="Répertoire de services"),
    "feedback": Bilingual(en="Client feedback", fr="Rétroaction des clients"),
    "status": Bilingual(en="Applications", fr="Demandes"),
}
UNITS = {
    "business_day": Bilingual(en="business days", fr="jours ouvrables"),
    "day": Bilingual(en="days", fr="jours"),
    "second": Bilingual(en="seconds", fr="secondes"),
}


@router.get("/{language}/")
async def performance(
    request: Request, language: Language, org: str = "", show: str = "busy", page: int = 1
) -> HTMLResponse:
    pool = request.app.state.pool
    span = _span(request)
    figures = await read_figures(pool, span, Filters(org or None), public=True)
    rows = _chosen(figures["items"], show)
    page = max(1, page)
    services = {row["service_id"]: row for row in await store.services(pool, org or None, span.last)}
    return pages.render(
        request,
        "performance.html",
        language,
        rows=[_row(item, services) for item in rows[(page - 1) * _SHOWN : page * _SHOWN]],
        found=len(rows),
        page=page,
        pages=-(-len(rows) // _SHOWN),
        tiles={**_tiles(figures["items"]), **figures["totals"]},
        counts=await store.counts(pool, datetime.now(UTC).date()),
        as_of=figures["as_of"],
        position=figures["position"],
        span=span,
        org=org,
        show=show,
        windows=WINDOWS,
        organizations=_reporting_organizations(services.values(), language),
        **_words(),
    )


@router.get("/{language}/services/{service_id}")
async def service(request: Request, language: Language, service_id: str) -> HTMLResponse:
    pool = request.app.state.pool
    known = await store.service(pool, service_id, today())
    if known is None:
        return pages.refuse(request, language, no_such_service(service_id))
    span = _span(request)
    figures = await read_service(pool, known, span, None, public=True)
    return pages.render(
        request,
        "service.html",
        language,
        known=known,
        rows=[_row(item, {service_id: known}) for item in figures["items"]],
        organization=name_of(known["org_id"]),
        as_of=figures["as_of"],
        position=figures["position"],
        span=span,
        windows=WINDOWS,
        units=UNITS,
        **_words(),
    )


@router.get("/{language}/freshness")
async def freshness(request: Request, language: Language) -> HTMLResponse:
    read = await read_freshness(request.app.state.pool)
    for feed in read["feeds"]:
        feed["organization"] = name_of(feed["org_id"])
    read["feeds"].sort(key=lambda feed: (not feed["silent"], feed["organization"].in_(language), feed["service"]))
    return pages.render(request, "freshness.html", language, sources=SOURCES, **read)


def _span(request: Request) -> Window:
    """The window a page was asked for; one it does not offer is the usual one."""
    name = request.query_params.get("window", "28d")
    return window(name if name in WINDOWS else "28d", today())


def _words() -> dict[str, Any]:
    return {"verdicts": VERDICTS, "channels": CHANNELS}


def _chosen(items: list[dict[str, Any]], show: str) -> list[dict[str, Any]]:
    """The figures a reader asked for: those with applications first, the busiest of them first; or those below target,
    or with the most late cases.
    """
    if show == "below":
        items = [item for item in items if item["verdict"] == "not_met"]
        # By how far they are sure to fall short: a few cases do not come before many.
        return sorted(items, key=lambda item: (item["interval"][1] - item["target"], item["service_id"]))
    if show == "late":
        items = [item for item in items if item["open_late"]]
        return sorted(items, key=lambda item: (-item["open_late"], item["service_id"]))
    return sorted(
        items, key=lambda item: (not _has_clock(item), -(item["total"] or 0) - (item["open"] or 0), item["service_id"])
    )


def _has_clock(item: dict[str, Any]) -> bool:
    return bool(item["percentiles"] or item["open"])


def _tiles(items: list[dict[str, Any]]) -> dict[str, int]:
    verdicts = [item["verdict"] for item in items]
    return {
        "met": verdicts.count("met"),
        "not_met": verdicts.count("not_met"),
        "no_data": verdicts.count("no_data"),
        "other": sum(verdict in {None, "not_applicable", "undetermined"} for verdict in verdicts),
    }


def _row(item: dict[str, Any], services: dict[str, dict[str, Any]]) -> dict[str, Any]:
    known = services.get(item["service_id"])
    return {
        **item,
        "service_name": known["name"] if known else {"en": item["service_id"], "fr": item["service_id"]},
        "organization": name_of(item["org_id"]),
        "verdict_words": VERDICTS[item["verdict"]],
        "key": f"{item['service_id']}|{item['standard_id']}|{item['channel'] or ''}",
    }


def _reporting_organizations(services: Any, language: Language) -> list[tuple[str, str]]:
    named = {row["org_id"]: name_of(row["org_id"]).in_(language) for row in services}
    return sorted(named.items(), key=lambda pair: pair[1])
