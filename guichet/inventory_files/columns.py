"""How one cell is read: a value of the contract, or the reason it is refused."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.contracts.reported.inventory_rows import is_fiscal_year
from shared.official.findings import Remark

_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_EXPECTED_VOLUME = {"expected_en": "a whole number, NA, ND or blank", "expected_fr": "un nombre entier, NA, ND ou vide"}


class RefusedCell(ValueError):
    """The cell's value refuses its row; holds the remark's code and facts."""

    def __init__(self, code: str, cell: str, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.facts = {"value": cell, **facts}

    def about(self, field: str) -> Remark:
        return Remark(self.code, field, self.facts)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file, the field of the contract it fills (None: judged, but not carried), and how it is read."""

    name: str
    field: str | None
    read: Callable[[str], Any]


def text(cell: str) -> str | None:
    return cell if cell.strip() else None


def texts(names: Mapping[str, str]) -> Iterable[Column]:
    """The columns of texts in both languages: stem in the file to stem in the contract."""
    for name, field in names.items():
        for language in ("en", "fr"):
            yield Column(f"{name}_{language}", f"{field}_{language}", text)


def several(cell: str) -> list[str] | None:
    """The values of a cell, joined by commas there."""
    return [part.strip() for part in cell.split(",") if part.strip()] or None


def volume(cell: str) -> int | str | None:
    """A count, `NA`, `ND` or, for a blank, None: four different things."""
    plain = cell.strip().upper()
    if plain in {"", "NA", "ND"}:
        return plain or None
    if not (plain.isascii() and plain.isdigit() and int(plain) < 2**63):
        raise RefusedCell("malformed_number", cell, **_EXPECTED_VOLUME)
    return int(plain)


def share(whole: int) -> Callable[[str], float | None]:
    """Reads a target written as a part of `whole` (1 or 100) as a share from 0 to 1."""

    def read(cell: str) -> float | None:
        plain = cell.strip()
        if plain in {"", "NA", "ND"}:
            return None
        if not _NUMBER.fullmatch(plain) or Decimal(plain) > whole:
            expected = {"expected_en": f"a number from 0 to {whole}", "expected_fr": f"un nombre de 0 à {whole}"}
            raise RefusedCell("malformed_number", cell, **expected)
        return float(Decimal(plain) / whole)

    return read


def fiscal_year(cell: str) -> str | None:
    plain = cell.strip()
    if plain and not is_fiscal_year(plain):
        raise RefusedCell("malformed_fiscal_year", cell)
    return plain or None


def code(codes: Mapping[str, str], *, blank: bool) -> Callable[[str], str | list[str] | None]:
    """Reads the one code of a cell; several (older files) are kept as a list. `blank`: an empty cell is allowed."""
    read_all = code_list(codes, blank=blank)

    def read(cell: str) -> str | list[str] | None:
        found = read_all(cell)
        return found[0] if found and len(found) == 1 else found

    return read


def code_list(codes: Mapping[str, str], *, blank: bool) -> Callable[[str], list[str] | None]:
    """Reads the codes of a cell as the contract's: `{"onl": "ONL"}`."""

    def read(cell: str) -> list[str] | None:
        found = several(cell)
        unknown = [part for part in found or () if part not in codes]
        if unknown or not (found or blank):
            raise RefusedCell("code_outside_list", ",".join(unknown), expected=", ".join(codes))
        return found and [codes[part] for part in found]

    return read
