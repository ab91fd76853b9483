"""Every benchmark runs, with tiny sizes, and measures something; no time is asserted."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

pytest.importorskip("benchmarks", reason="benchmarks are run from the checkout")

from benchmarks import __main__ as program
from benchmarks.measurement import Measurement, medians
from benchmarks.report import markdown

TINY = {
    "ask_tell": {"trials": 5, "peer_trials": 2, "repetitions": 1},
    "simulated_trials": {"trials": 20, "peer_trials": 2, "repetitions": 1},
    "simulated_scaling": {"trials": 5, "repetitions": 1},
    "live_overhead": {"trials": 2, "peer_trials": 1, "repetitions": 1},
    "run_start": {"runs": 1, "trials": 2, "repetitions": 1},
    "process_dispatch": {"trials": 2, "repetitions": 1},
    "ray_dispatch": {"trials": 2, "repetitions": 1},
    "result_lookup": {"lookups": 5, "peer_lookups": 2, "repetitions": 1},
    "leaderboard_query": {"trials": 2000, "repetitions": 1},
    "store_merge": {"events": 20, "repetitions": 1},
    "masked_step": {"batches": 1, "repetitions": 1},
    "start_up": {"repetitions": 1},
}


def test_every_benchmark_is_tried_here() -> None:
    assert set(TINY) == set(program.BENCHMARKS)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.ray] if n == "ray_dispatch" else []) for n in TINY]
)
def test_benchmark_measures_positive_numbers(name: str) -> None:
    found = program.run(name, **TINY[name])
    assert found
    for m in found:
        assert math.isfinite(m.value)
        assert m.value > 0
        assert m.peer_value is None or m.peer_value > 0
        assert m.conditions


def test_measurement_compares_costs_and_rates_in_opposite_directions() -> None:
    cost = Measurement("a", 2.0, "ms", 3.0, "peer", 8.0, "")
    rate = Measurement("b", 2.0, "trials/s", 3.0, "peer", 8.0, "")
    assert (cost.times_better_than_peer, cost.verdict) == (4.0, "meets")
    assert (rate.times_better_than_peer, rate.verdict) == (0.25, "misses")
    assert Measurement("c", 2.0, "ms", None, "", None, "").verdict == ""


def test_medians_take_turns_and_leave_the_first_round_out() -> None:
    calls: list[str] = []

    def contender(name: str, values: list[float]) -> float:
        calls.append(name)
        return values.pop(0)

    a, b = [100.0, 1.0, 5.0, 2.0], [100.0, 7.0, 9.0, 8.0]
    assert medians(lambda: contender("a", a), lambda: contender("b", b), repetitions=3) == [2.0, 8.0]
    assert "".join(calls) == "abababab"


def test_table_says_where_a_budget_is_missed() -> None:
    table = markdown([Measurement("slow", 6.0, "ms", 3.0, "peer", 12.0, "")]).splitlines()
    assert [cell.strip() for cell in table[2].split("|")[1:-1]] == [
        *("slow", "6 ms", "<= 3", "misses", "peer", "12", "2x", "0.5x")
    ]


def test_program_writes_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = TINY["result_lookup"]
    monkeypatch.setattr(program, "run", lambda name: [Measurement(name, 1.0, "us", 10.0, "peer", 5.0, str(sizes))])
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "result_lookup", "--json", str(tmp_path / "b.json")])
    assert program.main() == 0
    written = json.loads((tmp_path / "b.json").read_bytes())
    assert written["measurements"][0]["verdict"] == "meets"
    assert written["measurements"][0]["vs_peer"] == 5.0
    assert written["machine"]["cores"]
