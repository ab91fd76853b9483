"""The table and the JSON file of a benchmark run."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import orjson

from benchmarks.measurement import Measurement

PACKAGES = ("torch", "ray", "optuna", "duckdb", "polars", "numpy")
HEADER = ("benchmark", "ours", "budget", "", "peer", "its value", "vs peer", "vs budget")


def machine() -> dict[str, str]:
    """Return processor, cores, load and versions: what a measurement depends on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.machine(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def markdown(measurements: Sequence[Measurement]) -> str:
    """Return one table, aligned, that is valid Markdown too."""
    rows = [HEADER, *(_row(m) for m in measurements)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def conditions(measurements: Iterable[Measurement]) -> str:
    """Return one line for each measurement: what was timed."""
    return "\n".join(f"- {m.name}: {m.conditions}" for m in measurements)


def write_json(path: Path, measurements: Sequence[Measurement]) -> None:
    """Write machine and measurements."""
    rows = [{**asdict(m), "verdict": m.verdict, "vs_peer": m.times_better_than_peer} for m in measurements]
    data = {"machine": machine(), "measurements": rows}
    path.write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n")


def _row(m: Measurement) -> tuple[str, ...]:
    sign = ">=" if m.is_rate else "<="
    return (
        m.name,
        f"{_short(m.value)} {m.unit}",
        "-" if m.target is None else f"{sign} {_short(m.target)}",
        m.verdict,
        m.peer_name or "-",
        "-" if m.peer_value is None else _short(m.peer_value),
        _times(m.times_better_than_peer),
        _times(m.times_better_than_target),
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}x"
