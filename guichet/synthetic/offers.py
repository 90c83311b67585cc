"""The services of the fictional organisations, before their columns are drawn."""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from guichet.synthetic.draws import Draws
from shared.organizations import Organization, organizations

FOLDER = Path(__file__).parent.with_name("synthetic_inventory")
FISCAL_YEAR = "2025-2026"
QUARTILES = (21, 142, 1820)
SERVICES_PER_ORGANIZATION = 5
Cells = dict[str, str]


@dataclass(frozen=True)
class Offer:
    """One service of a fictional organisation: its kind, and the words of its field."""

    service_id: str
    organization: Organization
    kind: Mapping[str, Any]
    words: Mapping[str, str]
    draws: Draws

    @cached_property
    def applications(self) -> int:
        return self.draws.heavy_tailed("applications", QUARTILES)

    def both(self, stem: str) -> Cells:
        return pair(
            stem, *(self.kind[f"{stem.removeprefix('service_')}_{each}"].format(**self.words) for each in ("en", "fr"))
        )


def offers(seed: int) -> Iterator[Offer]:
    kinds = tomllib.loads((FOLDER / "kinds.toml").read_text(encoding="utf-8"))["kind"]
    with (FOLDER / "fields.csv").open(encoding="utf-8", newline="") as file:
        fields = list(csv.DictReader(file))
    for index, field in enumerate(fields):
        words = {"one": field["one_en"], "many": field["many_en"], "les": field["many_fr"]}
        words |= {"One": _title(words["one"]), "Many": _title(words["many"])}
        for place in range(SERVICES_PER_ORGANIZATION):
            service_id = f"DEMO-{index * SERVICES_PER_ORGANIZATION + place + 1:04d}"
            kind = kinds[(index + 3 * place) % len(kinds)]
            yield Offer(service_id, organizations()[field["org_id"]], kind, words, Draws(seed, service_id))


def _title(words: str) -> str:
    return " ".join("-".join(part[:1].upper() + part[1:] for part in word.split("-")) for word in words.split(" "))


def pair(stem: str, en: str, fr: str) -> Cells:
    return {f"{stem}_en": en, f"{stem}_fr": fr}


def pair_if(stem: str, texts: tuple[str, str], needed: bool) -> Cells:
    return pair(stem, *(texts if needed else ("", "")))


def links(stem: str, page: str, needed: bool = True) -> Cells:
    return pair_if(stem, (f"https://guichet.example/en/{page}", f"https://guichet.example/fr/{page}"), needed)


def owner(offer: Offer) -> Cells:
    name = offer.organization.name
    return {"owner_org": offer.organization.slugs[0], "owner_org_title": f"{name.en} | {name.fr}"}
