"""The columns of `service-std.csv` for the standards of one synthetic service."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from guichet.synthetic.draws import Draws
from guichet.synthetic.offers import FISCAL_YEAR, FOLDER, QUARTILES, Cells, Offer, links, owner, pair, pair_if

_TARGETS = [
    ("0.8", 28),
    ("0.9", 27),
    ("1", 22),
    ("0.95", 9),
    ("0.85", 4),
    ("", 4),
    ("0.75", 3),
    ("0.7", 2),
    ("0.99", 1),
]
_EVERY_CHANNEL = ("Applies to every channel.", "S'applique à tous les modes de prestation.")


def standards(offer: Offer) -> Iterator[Cells]:
    many = offer.draws.weighted("standards", [(0, 0.14), (1, 0.3), (2, 0.34), (3, 0.22)])
    for place, name in enumerate(offer.kind["standards"][:many], start=1):
        yield _standard(offer, f"{offer.service_id}-{place}", _sentences()[name], offer.draws.within(str(place)))


@cache
def _sentences() -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / "standards.toml").read_text(encoding="utf-8"))


def _standard(offer: Offer, standard_id: str, sentence: Mapping[str, Any], draws: Draws) -> Cells:
    limit = draws.one("limit", sentence["limits"])
    channel = sentence.get("channel") or draws.weighted("channel", [("OTH", 4), ("ONL", 4), ("EML", 1), ("POST", 1)])
    target = draws.weighted("target", _TARGETS)
    met, total = _results(offer, sentence, draws, float(target or 0.9))
    return {
        "fiscal_yr": FISCAL_YEAR,
        "service_id": offer.service_id,
        **offer.both("service_name"),
        "service_standard_id": standard_id,
        **pair("service_standard", sentence["en"].format(n=limit), sentence["fr"].format(n=limit)),
        "type": sentence["type"],
        "channel": channel,
        **pair_if("channel_comments", _EVERY_CHANNEL, channel == "OTH"),
        "target": target,
        "volume_meeting_target": met,
        "total_volume": total,
        "performance": _performance(met, total),
        **pair("comments", "", ""),
        "target_met": _target_met(target, _performance(met, total)),
        **links("standards_targets_uri", f"standards/{standard_id}"),
        **links("performance_results_uri", f"results/{standard_id}", draws.happens("published", 0.45)),
        **owner(offer),
    }


def _results(offer: Offer, sentence: Mapping[str, Any], draws: Draws, target: float) -> tuple[str, str]:
    if draws.happens("not reported", 0.07):
        return "", ""
    if draws.happens("nothing came", 0.04):
        return "0", "0"
    own = draws.heavy_tailed("volume", QUARTILES)
    total = offer.applications if sentence.get("applications", True) else own
    if draws.happens("meets", 0.73):
        return str(math.ceil(total * (target + (1 - target) * draws.share("ahead")))), str(total)
    return str(int(total * target * (1 - 0.5 * draws.share("behind") ** 2))), str(total)


def _performance(met: str, total: str) -> str:
    return str(round(int(met) / int(total), 4)) if met and total and int(total) else ""


def _target_met(target: str, performance: str) -> str:
    if not target or not performance:
        return "NA"
    return "Y" if float(performance) >= float(target) else "N"
