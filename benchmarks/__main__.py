"""Runs the benchmarks and prints one table: `python -m benchmarks [--only NAME]`; `--help` says what else."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measurement import Measurement
from benchmarks.report import conditions, machine, markdown, write_json
from benchmarks.syne_tune_peer import install

BENCHMARKS: Mapping[str, Mapping[str, int]] = {
    "ask_tell": {},
    "simulated_trials": {},
    "simulated_scaling": {"longest": 100_000, "peer_longest": 10_000, "repetitions": 1},
    "simulated_study": {},
    "table_loading": {},
    "live_overhead": {},
    "run_start": {},
    "process_dispatch": {},
    "ray_dispatch": {},
    "result_lookup": {},
    "leaderboard_query": {"trials": 10_000_000},
    "report_building": {},
    "store_merge": {"events": 1_000_000},
    "masked_step": {},
    "stacked_training": {},
    "search_step": {"networks": 7},
    "discrete_cell": {},
    "start_up": {},
}
"""Modules of this package by name, with the sizes that `--full` gives them."""


def run(name: str, **sizes: int) -> list[Measurement]:
    """Run one benchmark; `sizes` replace the defaults of its `measure`."""
    found: list[Measurement] = importlib.import_module(f"benchmarks.{name}").measure(**sizes)
    return found


def main() -> int:
    """Run what the command line asks for; the exit status is 0 also where a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=tuple(BENCHMARKS), help="may be given several times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there too")
    parser.add_argument("--full", action="store_true", help="the largest sizes: minutes more")
    parser.add_argument("--install-peers", action="store_true", help="make Syne Tune's environment first: 450 MB")
    options = parser.parse_args()
    if options.install_peers:
        install()
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    measurements: list[Measurement] = []
    for name in options.only or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        measurements += run(name, **(BENCHMARKS[name] if options.full else {}))
    print(markdown(measurements), conditions(measurements), sep="\n\n")
    if options.json is not None:
        write_json(options.json, measurements)
    return 0


if __name__ == "__main__":
    sys.exit(main())
