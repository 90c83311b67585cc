"""The annual update of a department's inventory as a guided task; public, as all that it is worked out from."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.inventory import store
from services.inventory.api.services import by_key, no_fiscal_year
from shared.access import ANYONE
from shared.contracts.reported.inventory_rows import is_fiscal_year
from shared.database import Pool
from shared.described import refusals
from shared.official import annual, comparing
from shared.organizations import name_of, organizations
from shared.ownership import day_in_ottawa
from shared.problems import Problem, Refused, problem
from shared.reading import answer, tag_of

router = APIRouter(tags=["inventory"])
_EARLIER_YEARS = 4
_MOST_STANDARDS = 10_000


@router.get(
    "/v1/annual-update/{org}/{fiscal_year}",
    summary="What is left to do until a year's inventory is confirmed",
    dependencies=[ANYONE],
    responses=refusals("not_found"),
)
async def annual_update(request: Request, org: str, fiscal_year: str) -> Response:
    if refusal := refuse(org, fiscal_year):
        raise Refused(refusal)
    found = await guide(request.app.state.pool, org, fiscal_year)
    return answer(request, {**found, "as_of": datetime.now(UTC)}, tag=tag_of(found))


def refuse(org: str, fiscal_year: str) -> Problem | None:
    if not is_fiscal_year(fiscal_year):
        return no_fiscal_year("fiscal_year")
    if org not in organizations():
        return problem(
            "not_found",
            f"There is no organisation {org} in the reference table.",
            f"Il n'y a pas d'organisation {org} dans la table de référence.",
        )
    return None


async def guide(pool: Pool, org: str, fiscal_year: str) -> dict[str, Any]:
    """What was reported, what is missing, doubtful and changed, and whether the year is confirmed."""
    today = day_in_ottawa(datetime.now(UTC))
    years = [fiscal_year]
    for _ in range(_EARLIER_YEARS):
        years.append(annual.before(years[-1]))
    services = [by_key(await store.services_of_year(pool, year, org)) for year in years]
    standards = [by_key(await store.standards_of_year(pool, year, org)) for year in years[:2]]
    newest = await store.list_standards(pool, org, None, None, ["", ""], _MOST_STANDARDS)
    only_read = [
        (row["service_id"], row["standard_id"])
        for row in newest
        if row["fiscal_year"] == fiscal_year
        and _is_only_read(row["measure"])
        and (row["service_id"], row["standard_id"]) in standards[0]
    ]
    gone = await _gone(pool, org, services[1], fiscal_year)
    confirmed = await _confirmed(pool, org, fiscal_year)
    doubts = annual.findings(services[0], standards[0], services[:0:-1], today)
    missing = [*annual.missing(services[0], services[1], gone), *annual.missing(standards[0], standards[1], gone)]
    errors = sum(each["severity"] == "error" for each in doubts)
    left = (len(missing) or int(not services[0]), errors, len(only_read), int(confirmed is None))
    return {
        "org_id": org,
        "organization": name_of(org).model_dump(),
        "fiscal_year": fiscal_year,
        "last_year": years[1],
        "progress": {
            "services": annual.progress(services[0], services[1], gone),
            "standards": annual.progress(standards[0], standards[1], gone),
        },
        "missing": missing,
        "findings": doubts,
        "unconfirmed_measures": annual.named(standards[0], only_read),
        "changes": {
            "services": comparing.compare(services[1], services[0]),
            "standards": comparing.compare(standards[1], standards[0]),
        },
        "confirmed": confirmed,
        "steps": [
            {"step": step, "left": some, "done": not some, "text": {"en": en, "fr": fr}}
            for (step, en, fr), some in zip(_STEPS, left, strict=True)
        ],
    }


# In this order; the last may be done whatever is left of the others, and is then on the record.
_STEPS = (
    ("report", "Report each service and standard, or retire or transfer it.",
     "Déclarez chaque service et chaque norme, ou déclarez-en la cessation ou le transfert."),
    ("correct", "Correct what is found to be an error.", "Corrigez ce qui est constaté comme une erreur."),
    ("measure", "Confirm how each standard is measured, where that was only read from its sentence.",
     "Confirmez comment chaque norme est mesurée, là où cela n'a été que lu dans sa phrase."),
    ("confirm", "Confirm the year: on the page of the annual update, or by a StewardshipReported inventory_confirmed.",
     "Confirmez l'exercice : à la page de la mise à jour annuelle, ou par un StewardshipReported inventory_confirmed."),
)  # fmt: skip


def _is_only_read(measure: dict[str, Any] | None) -> bool:
    return measure is not None and not measure["confirmed"]


async def _gone(pool: Pool, org: str, last: annual.Year, fiscal_year: str) -> frozenset[str]:
    """The services of last year that need not be reported again: retired, or another organisation's by now."""
    ids = [key[0] for key in last]
    end = f"{fiscal_year[5:]}-03-31"
    fates = await store.fates(pool, ids)
    moved = {each for each, fate in fates.items() if fate.transfers and fate.transfers[-1].to_org != org}
    return frozenset(await store.retired_by(pool, org, end)) | moved


async def _confirmed(pool: Pool, org: str, fiscal_year: str) -> dict[str, Any] | None:
    rows = await store.list_stewardship(pool, org, "inventory_confirmed", None, ("", ""), 1000)
    found = next((row for row in rows if row["fields"]["fiscal_year"] == fiscal_year), None)
    return found and {"on": found["on_date"], "version": found["version"], "recorded_at": found["recorded_at"]}
