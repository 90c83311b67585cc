"""A file's cells with the line each row begins on, and which of the four official tables it is."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.contracts.reported.inventory_codes import Dialect
from shared.language import Bilingual

Kind = Literal["service", "standard"]
_COLUMNS: Mapping[tuple[Dialect, Kind], frozenset[str]] = {
    ("portal", "standard"): frozenset({"fiscal_yr", "service_id", "service_standard_id", "owner_org"}),
    ("portal", "service"): frozenset({"fiscal_yr", "service_id", "service_scope", "owner_org"}),
    ("collection", "standard"): frozenset({"fiscal_yr", "service_id", "service_std_id", "department_name_en"}),
    ("collection", "service"): frozenset({"fiscal_yr", "service_id", "external_internal", "department_name_en"}),
}


class UnreadableInventoryFile(Exception):
    """A whole file cannot be imported; `text` says what to do in both languages."""

    def __init__(self, path: Path, en: str, fr: str) -> None:
        self.text = Bilingual(en=f"{path}: {en}", fr=f"{path} : {fr}")
        super().__init__(f"{self.text.en} / {self.text.fr}")


@dataclass(frozen=True, slots=True)
class Line:
    """One record: the line of the file it begins on, its cells by column, whether it has more cells than columns."""

    number: int
    cells: Mapping[str, str]
    surplus: bool


@dataclass(frozen=True, slots=True)
class Table:
    file: str
    dialect: Dialect
    kind: Kind
    lines: tuple[Line, ...]


def open_table(path: Path) -> Table:
    """The table of one file. Raises UnreadableInventoryFile."""
    text = _text(path)
    try:
        records = list(_records(text))
    except csv.Error as error:
        raise UnreadableInventoryFile(
            path,
            f"this is not a CSV file that can be read ({error}); export it again with commas and double quotes.",
            f"ce fichier CSV est illisible ({error}); exportez-le de nouveau avec des virgules et des guillemets "
            f"droits.",
        ) from error
    header = [name.strip().lower() for name in records[0][1]] if records else []
    dialect, kind = _recognized(path, frozenset(header))
    lines = (
        Line(number, dict(zip(header, cells, strict=False)), len(cells) > len(header)) for number, cells in records[1:]
    )
    return Table(str(path), dialect, kind, tuple(lines))


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    begins = 1
    for cells in reader:
        if cells:
            yield begins, cells
        begins = reader.line_num + 1


def _text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UnreadableInventoryFile(
            path,
            f"the file cannot be opened ({error.strerror}); check its name and your right to read it.",
            f"le fichier ne peut être ouvert ({error.strerror}); vérifiez son nom et votre droit de le lire.",
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableInventoryFile(
            path,
            f"the file is not UTF-8 (byte {error.start + 1}); save it again as CSV UTF-8.",
            f"le fichier n'est pas en UTF-8 (octet {error.start + 1}); enregistrez-le de nouveau en CSV UTF-8.",
        ) from error
    if "\x00" in text:
        raise UnreadableInventoryFile(
            path,
            "the file holds the character NUL, so it is no text; save it again as CSV UTF-8.",
            "le fichier contient le caractère NUL, ce n'est donc pas du texte; enregistrez-le de nouveau en CSV UTF-8.",
        )
    return text


def _recognized(path: Path, header: frozenset[str]) -> tuple[Dialect, Kind]:
    for recognized, columns in _COLUMNS.items():
        if columns <= header:
            return recognized
    raise UnreadableInventoryFile(
        path,
        "its header is of no known inventory file; give service.csv or service-std.csv of the portal, or services and "
        "standards of the 2016-2020 collection, with their official column names.",
        "son en-tête n'est celui d'aucun fichier connu du répertoire de services; donnez service.csv ou "
        "service-std.csv du portail, ou les services et les normes de la collecte 2016-2020, "
        "avec leurs noms de colonne officiels.",
    )
