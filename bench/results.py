"""What a job gives: medians, ratios, whether the tables are right; as JSON for programs, and as a table for people."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

# Whose best is what a framework gives; one message a transaction is a tutorial's shape, and no contender here.
FRAMEWORKS = ("faststream", "bytewax", "quix", "connect")


def contender(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One contender's runs put together: each {"events_per_second", "cpu", "memory", "differing"}."""
    rates = [run["events_per_second"] for run in runs]
    cpu = [run["cpu"] for run in runs if run["cpu"] is not None]
    differing = sorted({name for run in runs for name in run["differing"]})
    return {
        "median": round(median(rates), 1),
        "runs": rates,
        "cpu_seconds_per_1000_events": round(median(cpu), 4) if cpu else None,
        **({"cpu_of": _medians([run["cpu_of"] for run in runs])} if "cpu_of" in runs[0] else {}),
        "peak_memory_mb": max(run["memory"] for run in runs),
        "correct": not differing,
        **({"differing": differing} if differing else {}),
        **({"sql_seconds": [run["sql_seconds"] for run in runs]} if "sql_seconds" in runs[0] else {}),
    }


def _medians(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: round(median(one[name] for one in each), 4) for name in each[0]}


def result(
    job: str,
    ours: dict[str, Any],
    peers: Mapping[str, dict[str, Any]] | None = None,
    skipped: Mapping[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The outer shape of every job. A ratio is null where no such peer ran, or where it was wrong."""
    peers = peers or {}
    return {
        "job": job,
        "ours": ours,
        "peers": dict(peers),
        "skipped": dict(skipped or {}),
        "ratio_to_raw": ratio(ours, peers.get("raw")),
        "ratio_to_best_framework": ratio(ours, best([peers[name] for name in FRAMEWORKS if name in peers])),
        "correct": ours["correct"],
        **more,
    }


def best(peers: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The quickest of those that were right."""
    return max((peer for peer in peers if peer["correct"]), key=lambda peer: peer["median"], default=None)


def ratio(ours: Mapping[str, Any], peer: Mapping[str, Any] | None) -> float | None:
    if peer is None or not peer["correct"] or not peer["median"]:
        return None
    return round(float(ours["median"]) / float(peer["median"]), 2)


_SHOWN = {"ours", "peers", "skipped", "median", "cpu_seconds_per_1000_events", "peak_memory_mb"}
_HEADS = ("", "median", "min - max", "CPU s / 1,000", "peak MB", "ours / it", "")


def table(found: Mapping[str, Any]) -> str:
    """A row for each contender; under them, whatever else the job has to say."""
    rows = [_HEADS, _row("ours", {"correct": found["correct"], **found["ours"]}, None)]
    rows += [_row(name, peer, ratio(found["ours"], peer)) for name, peer in found["peers"].items()]
    rows += [(name, "", "", "", "", "", f"skipped ({why})") for name, why in found.get("skipped", {}).items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS) - 1)]
    lines = [f"{found['job']}, {found.get('unit', 'events/s')}"]
    lines += ["  ".join(_place(row, widths)).rstrip() for row in rows]
    for name, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines += ["", name.replace("_", " "), *_details(value)]
    said = {**found["ours"], **found}
    plain = {
        name: value for name, value in said.items() if isinstance(value, int | float | dict) and name not in _SHOWN
    }
    lines += ["", *(f"{name}: {value}" for name, value in plain.items())]
    return "\n".join(lines)


def _row(name: str, each: Mapping[str, Any], over: float | None) -> tuple[str, ...]:
    said = "ok" if each.get("correct", True) else "wrong: " + ", ".join(each.get("differing", ()))
    cpu, memory = each.get("cpu_seconds_per_1000_events"), each.get("peak_memory_mb")
    runs = [run for run in each.get("runs", ()) if isinstance(run, int | float)]
    return (
        name,
        _number(each["median"]),
        f"{_number(min(runs))} - {_number(max(runs))}" if runs else "",
        "" if cpu is None else f"{cpu:.4f}",
        "" if memory is None else f"{memory:.0f}",
        "" if over is None else f"{over:.2f}",
        said,
    )


def _details(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    heads = list(dict.fromkeys(name for row in rows for name in row))
    cells = [heads, *([_number(row.get(name, "")) for name in heads] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return ["  ".join(_place(row, widths)).rstrip() for row in cells]


def _place(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = row
    placed = [each.rjust(width) for each, width in zip(others, widths[1:], strict=False)]
    return [first.ljust(widths[0]), *placed, *others[len(placed) :]]


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if value >= 1000 or isinstance(value, int) else f"{value:.4g}"
