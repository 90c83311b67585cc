"""The columns of `service.csv` for one synthetic service."""

from guichet.synthetic.draws import Draws
from guichet.synthetic.offers import FISCAL_YEAR, QUARTILES, Cells, Offer, links, owner, pair, pair_if
from shared.contracts.reported.inventory_codes import APPLICATION_VOLUMES, POINTS

_YEARS = [
    ("", 0.4),
    ("2024-2025", 0.22),
    ("2023-2024", 0.15),
    ("2025-2026", 0.12),
    ("2021-2022", 0.07),
    ("2017-2018", 0.04),
]
_NOT_APPLICABLE = (
    "The points marked as not applicable are not part of this service.",
    "Les points d'interaction indiqués comme sans objet ne font pas partie de ce service.",
)
_OTHER_CHANNEL = (
    "Applications through other channels were taken at public events.",
    "Les demandes présentées par d'autres modes ont été reçues lors d'activités publiques.",
)
_AUTOMATED = (
    "Simple renewals are approved by rule; anything else is decided by a person.",
    "Les renouvellements simples sont approuvés selon une règle; une personne tranche tous les autres cas.",
)


def service(offer: Offer) -> Cells:
    draws, kind, points, volumes = offer.draws, offer.kind, _points(offer), _volumes(offer)
    automated = draws.happens("automated", 0.03)
    total = sum(int(each) for each in volumes.values() if each.isdigit())
    return {
        "fiscal_yr": FISCAL_YEAR,
        "service_id": offer.service_id,
        **offer.both("service_name"),
        **offer.both("service_description"),
        "service_type": ",".join(kind["type"]),
        "service_recipient_type": kind.get("recipient", "CLIENT"),
        "service_scope": _scope(offer),
        "client_target_groups": ",".join(kind["clients"]),
        "program_id": f"DEM{offer.organization.org_id[1:]}",
        **pair("program_name", f"{offer.words['One']} Stewardship", f"Gérance des {offer.words['les']}"),
        "client_feedback_channel": _feedback(offer, points),
        "automated_decision_system": "Y" if automated else "N",
        **pair_if("automated_decision_system_description", _AUTOMATED, automated),
        "service_fee": "Y" if draws.happens("fee", kind["fee"]) else "N",
        **points,
        **pair_if("os_comments_client_interaction", _NOT_APPLICABLE, "NA" in points.values()),
        "last_service_review": draws.weighted("review", _YEARS),
        "last_service_improvement": draws.weighted("improvement", _YEARS),
        "sin_usage": "Y" if kind.get("sin") else draws.weighted("sin", [("NA", 0.6), ("N", 0.4)]),
        "cra_bn_identifier_usage": _business_number(offer),
        "num_phone_enquiries": _enquiries(draws, "phone", 4),
        "num_applications_by_phone": volumes["num_applications_by_phone"],
        "num_website_visits": _enquiries(draws, "visits", 25),
        **{name: volume for name, volume in volumes.items() if name != "num_applications_by_phone"},
        "num_applications_total": str(total),
        **pair_if("special_remarks", _OTHER_CHANNEL, volumes["num_applications_by_other"] not in {"0", "NA", "ND"}),
        **links("service_uri", f"services/{offer.service_id}"),
        **owner(offer),
    }


def _scope(offer: Offer) -> str:
    also_enterprise = offer.draws.happens("enterprise", 0.08)
    return ",".join(offer.kind.get("scope", ["EXTERN", "ENTERPRISE"] if also_enterprise else ["EXTERN"]))


def _points(offer: Offer) -> Cells:
    """How far the service goes online: each point is not applicable, online, or not."""
    maturity = offer.draws.share("maturity") ** 0.5
    return {
        name: "NA"
        if offer.draws.happens(f"{name} not applicable", 0.25)
        else ("Y" if offer.draws.happens(name, maturity) else "N")
        for name in POINTS
    }


def _feedback(offer: Offer, points: Cells) -> str:
    online = points["os_issue_resolution_feedback"] == "Y" or offer.draws.happens("claims online feedback", 0.05)
    likely = {"EML": 0.7, "ONL": 1.0 if online else 0.0, "PERSON": 0.3, "POST": 0.3, "TEL": 0.55}
    return ",".join(code for code, chance in likely.items() if offer.draws.happens(f"feedback {code}", chance)) or "NON"


def _business_number(offer: Offer) -> str:
    if "ECONOM" not in offer.kind["clients"]:
        return "NA"
    return offer.draws.weighted("business number", [("Y", 0.5), ("N", 0.4), ("NA", 0.1)])


def _enquiries(draws: Draws, name: str, times: int) -> str:
    unknown = draws.weighted(f"{name} unknown", [("", 0.7), ("ND", 0.24), ("NA", 0.06)])
    return unknown or str(times * draws.heavy_tailed(name, QUARTILES))


def _volumes(offer: Offer) -> Cells:
    """Applications by channel, in the official order; channels not offered have 0 or `NA`, uncounted ones `ND`."""
    draws = offer.draws
    if draws.happens("not counted", 0.08):
        return dict.fromkeys(APPLICATION_VOLUMES, "ND")
    chances = (0.3, 0.8, 0.3, 0.45, 0.5, 0.1, 0.06)
    offered = {name: draws.happens(name, chance) for name, chance in zip(APPLICATION_VOLUMES, chances, strict=True)}
    offered["num_applications_online"] |= not any(offered.values())
    weights = {name: draws.share(f"{name} weight") + 0.01 for name in APPLICATION_VOLUMES if offered[name]}
    parts = {name: int(offer.applications * weight / sum(weights.values())) for name, weight in weights.items()}
    parts[max(weights, key=weights.__getitem__)] += offer.applications - sum(parts.values())
    return {name: str(parts[name]) if offered[name] else draws.one(f"{name} absent", ("0", "NA")) for name in offered}
