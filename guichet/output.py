"""Output to process: tables for people, JSON or CSV for programs; data on stdout, all else on stderr."""

import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from shared.plain_text import plain


class Format(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="json: exactly one value on stdout.")]


def show(rows: Sequence[Mapping[str, Any]], format_: Format, whole: Any = None) -> None:
    """Rows as a table or CSV; as JSON the rows, or `whole` where it is given."""
    if format_ is Format.json:
        print_json(rows if whole is None else whole)
    elif format_ is Format.csv:
        _print_csv(rows)
    else:
        _print_table(rows)


def print_json(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1 if sys.stdout.isatty() else None, default=str)
    sys.stdout.write(plain(text, lines=True) + "\n")


def _print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """As wide as the terminal; elsewhere as wide as it needs. Ids are never cut; sentences are in one language."""
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 240)
    if not rows:
        console.print("(nothing)")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        numbers = all(isinstance(row[name], int | float | None) for row in rows)
        long = any(len(_shown(row[name])) > 40 for row in rows)
        table.add_column(
            name.replace("_", " "), justify="right" if numbers else "left", no_wrap=not long, overflow="fold"
        )
    for row in rows:
        table.add_row(*(_shown(value) for value in row.values()))
    console.print(table)


def _cell(value: Any) -> Any:
    """What a cell holds: both languages as one, other structures as JSON; nothing that steers a terminal."""
    if isinstance(value, dict) and value.keys() == {"en", "fr"}:
        value = value[language()]
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return plain(value, lines=True) if isinstance(value, str) else value


def language() -> Literal["en", "fr"]:
    """The operator's, by the environment; English where it says nothing."""
    return "fr" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("fr") else "en"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list) and all(isinstance(each, float) for each in value):
        return " – ".join(_shown(each) for each in value)
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(_cell(value))
