"""What is said of a study as it goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nasbench_sparse.cli.progress import FEW_RUNS, Progress, named, remaining
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.run import TABLE_BUILD, RunSpec
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.spread import SpreadRun
from nasbench_sparse.testing.problems import SyntheticTask

SPEC = RunSpec(task="t", fingerprint="f", optimizer="o", source="1", seed=0)


def lines(capsys: pytest.CaptureFixture[str], runs: int, failed: tuple[int, ...] = ()) -> list[str]:
    """Watch runs that all end at once, and return what was said of their ends."""
    specs = [replace(SPEC, seed=seed) for seed in range(runs)]
    watcher = Progress()
    watcher.planned(
        [PlannedRun(s, SyntheticTask(), load_optimizer("random"), Budget("trials", 1)) for s in specs], 0
    )
    for spec in specs:
        run = SpreadRun(spec, "failed" if spec.seed in failed else "finished", 1, 0.5)
        watcher.started(run)
        watcher.ended(run)
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("[")]


def test_few_runs_have_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(lines(capsys, FEW_RUNS)) == FEW_RUNS


def test_of_many_runs_that_end_at_once_the_failed_and_the_last_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    said = lines(capsys, 220, failed=(3, 40))
    assert [line.split("]")[0] for line in said] == ["[4/220", "[41/220", "[220/220"]


def test_of_many_runs_one_is_told_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))  # each look at the clock is a second later
    monkeypatch.setattr("nasbench_sparse.cli.progress.time.monotonic", lambda: float(next(clock)))
    said = lines(capsys, 100)
    assert 100 / 6 < len(said) < 100


def test_runs_of_one_seed_are_named_by_their_replicate() -> None:
    assert named(SPEC) == "t · o · seed 0"
    assert named(replace(SPEC, study=TABLE_BUILD, replicate=2)) == "t · o · replicate 2"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.0, ""),
        (0.0004, ""),
        (0.4, ", less than a second left"),
        (1.0, ", about 1.0 s left"),
        (600.0, ", about 10 min left"),
    ],
)
def test_remaining_never_says_zero(seconds: float | None, said: str) -> None:
    assert remaining(seconds) == said
