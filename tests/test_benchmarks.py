"""Every benchmark runs, with tiny sizes, and measures something; no time is asserted."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("benchmarks", reason="benchmarks are run from the checkout")

from benchmarks import __main__ as program
from benchmarks import syne_tune_peer
from benchmarks.made_tables import made_table, made_task
from benchmarks.measurement import Measurement, medians
from benchmarks.report import markdown

TINY = {
    "ask_tell": {"trials": 5, "peer_trials": 2, "repetitions": 1},
    "simulated_trials": {"trials": 20, "peer_trials": 2, "repetitions": 1},
    "simulated_scaling": {"shortest": 5, "longest": 50, "genes": 2, "repetitions": 1},
    "simulated_study": {"tasks": 1, "seeds": 1, "trials": 3},
    "table_loading": {"configs": 20, "lookups": 5, "repetitions": 1},
    "live_overhead": {"trials": 2, "peer_trials": 1, "repetitions": 1},
    "run_start": {"runs": 1, "trials": 2, "repetitions": 1},
    "process_dispatch": {"trials": 2, "repetitions": 1},
    "ray_dispatch": {"trials": 2, "repetitions": 1},
    "result_lookup": {"lookups": 5, "peer_lookups": 2, "repetitions": 1},
    "leaderboard_query": {"trials": 2000, "repetitions": 1},
    "report_building": {"tasks": 1, "repetitions": 1},
    "store_merge": {"events": 20, "repetitions": 1},
    "masked_step": {"batches": 1, "repetitions": 1},
    "stacked_training": {"kinds": ("densities",), "size": 3, "epochs": 1, "singles": 1, "repetitions": 1},
    "search_step": {"repetitions": 1, "networks": 1},
    "discrete_cell": {"numbers": 640, "repetitions": 1},
    "start_up": {"repetitions": 1},
}


@pytest.fixture(autouse=True)
def no_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks leave Syne Tune out, wherever it is installed."""
    monkeypatch.setattr(syne_tune_peer, "environment", lambda: tmp_path / "syne-tune")


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


def test_a_peer_without_its_environment_is_left_out_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with syne_tune_peer.started(made_table(made_task("small", genes=1, epochs=2))) as peer:
        assert peer is None
    assert "--install-peers makes one" in capsys.readouterr().err


def test_a_peer_that_cannot_be_installed_says_what_pip_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: no index here\n")
    monkeypatch.setattr(syne_tune_peer.venv, "create", lambda *_, **__: None)
    monkeypatch.setattr(syne_tune_peer.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(syne_tune_peer.PeerError, match="cannot be installed: ERROR: no index here"):
        syne_tune_peer.install()
    assert not list(tmp_path.iterdir())


def test_a_made_table_is_complete_and_its_curves_add_up() -> None:
    task = made_task("small", genes=2, epochs=3)
    table = made_table(task, 7)
    assert table.complete
    assert len(table.keys) == 7
    for config in table.configs:
        seconds = [point.seconds for point in table.curve(config)]
        assert seconds == pytest.approx([seconds[0], 2 * seconds[0], 3 * seconds[0]])


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
