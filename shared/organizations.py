"""The organisations of the government, and eighty fictional ones for demonstrations (9001-9080).

The table is made from public registers as they stand today; `policy_scope` says how the policy of 2014 applies.
Former and legal names are in `organization_aliases.csv`.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

from shared.language import Bilingual

PolicyScope = Literal["IN_SCOPE", "EXCLUDED_2_1", "AGENT_OF_PARLIAMENT_2_2", "CHECK_NOT_NAMED_POST_2014"]


@dataclass(frozen=True, slots=True)
class Organization:
    """`slugs` are its names on the open government portal, the first the one to write; not all have an abbreviation."""

    org_id: str
    name: Bilingual
    abbreviation: Bilingual | None
    policy_scope: PolicyScope
    slugs: tuple[str, ...]
    fictional: bool


@cache
def organizations() -> Mapping[str, Organization]:
    """Every organisation by its id, in the order of the table."""
    return MappingProxyType({row["org_id"]: _organization(row) for row in _rows("organizations.csv")})


def by_slug(slug: str) -> Organization | None:
    """The organisation with this portal slug (`aafc-aac`)."""
    return _slugs().get(slug.strip().lower())


def by_name(name: str) -> Organization | None:
    """The organisation of this name in either language, a legal or former one too; accents and case do not matter."""
    return _names().get(normalized(name))


def normalized(name: str) -> str:
    """A name without accents, case or punctuation: `Pêches et Océans Canada` is `peches et oceans canada`."""
    plain = unicodedata.normalize("NFKD", name.replace("’", "'")).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", plain.casefold()))


@cache
def _slugs() -> Mapping[str, Organization]:
    return {slug: each for each in organizations().values() for slug in each.slugs}


@cache
def _names() -> Mapping[str, Organization]:
    found = {normalized(row["name"]): organizations()[row["org_id"]] for row in _rows("organization_aliases.csv")}
    for each in organizations().values():
        found[normalized(each.name.en)] = found[normalized(each.name.fr)] = each
    return found


def _organization(row: dict[str, str]) -> Organization:
    return Organization(
        org_id=row["org_id"],
        name=Bilingual(en=row["name_en"], fr=row["name_fr"]),
        abbreviation=Bilingual(en=row["abbr_en"], fr=row["abbr_fr"]) if row["abbr_en"] and row["abbr_fr"] else None,
        policy_scope=cast("PolicyScope", row["policy_scope"]),
        slugs=tuple(row["slugs"].split(";")) if row["slugs"] else (),
        fictional=row["fictional"] == "Y",
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def name_of(org_id: str) -> Bilingual:
    """An organisation's name; its id where the table does not have it."""
    known = organizations().get(org_id)
    return known.name if known else Bilingual(en=org_id, fr=org_id)
