"""Runs spread over processes that cannot import their class: they are carried out in this one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.errors import NbsWarning
from nasbench_sparse.executors.transport import unwrap, wrap
from nasbench_sparse.registry import load_optimizer, wrap_optimizer
from nasbench_sparse.runner.plan import plan_run
from nasbench_sparse.runner.recorded import Recorded
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.spread import Setting, spread
from nasbench_sparse.store import Store
from nasbench_sparse.testing.problems import SyntheticTask

UNSENT = Path(__file__).with_name("unsent.py")


@pytest.mark.parametrize("place", ["guarded", "interactive"])
def test_class_that_others_cannot_import_runs_in_this_process(tmp_path: Path, place: str) -> None:
    typed = place == "interactive"
    command = [sys.executable, *(["-"] if typed else [str(UNSENT)]), str(tmp_path / "r.duckdb")]
    done = subprocess.run(
        command, input=UNSENT.read_text() if typed else "", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    counts, message = done.stdout.splitlines()
    assert counts == "4 0 1 NbsWarning"
    assert message.startswith(
        "other processes cannot import what the runs of 'Hidden' on 'synthetic' need, so this"
    )
    assert ("defined interactively" if typed else "Can't get attribute 'Hidden'") in message
    runs = Store(tmp_path / "r.duckdb").sql(
        "SELECT optimizer, r.status, count(*) FROM runs AS r JOIN trials USING (run_id) GROUP BY ALL ORDER BY ALL"
    )
    assert runs.rows() == [("Hidden", "finished", 8), ("random", "finished", 8)]


def test_task_that_others_cannot_import_keeps_its_own_runs_only(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Local(SyntheticTask):
        name: str = "local"

    entry, budget = load_optimizer("random"), Budget("trials", 2)
    plans = [
        plan_run(task, entry, budget, seed=seed, executor="simulated")
        for seed in range(2)
        for task in (Local(), SyntheticTask())
    ]
    started: list[str] = []
    setting = Setting(str(tmp_path / "r.duckdb"), Resources(), "strict", Recorded())
    new = [plan.spec.run_id for plan in plans]
    with pytest.warns(NbsWarning, match="cannot import what the runs of 'random' on 'local' need") as caught:
        runs = list(spread(setting, plans, new, 1, lambda run: started.append(run.spec.task)))
    assert started == ["synthetic", "synthetic", "local", "local"]  # those of this process come last
    assert [run.status for run in runs] == ["finished"] * 4
    assert len(caught) == 1


def test_class_that_others_cannot_import_is_warned_of_once_for_all_its_tasks(tmp_path: Path) -> None:
    class Local(load_optimizer("random").cls):  # type: ignore[misc]
        pass

    entry, budget = wrap_optimizer(Local), Budget("trials", 1)
    tasks = [SyntheticTask(name=name) for name in ("one", "two", "three")]
    plans = [plan_run(task, entry, budget, seed=0, executor="simulated") for task in tasks]
    setting = Setting(str(tmp_path / "r.duckdb"), Resources(), "strict", Recorded())
    with pytest.warns(NbsWarning, match="what the runs of 'Local' on 3 tasks need") as caught:
        runs = list(spread(setting, plans, [plan.spec.run_id for plan in plans], 1, lambda run: None))
    assert [run.status for run in runs] == ["finished"] * 3
    assert len(caught) == 1


class Elsewhere:
    """Pickled as if it stood in a script."""


def test_own_main_module_survives_a_parcel_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    script.write_text("raise ValueError('not here')\n")
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__file__", str(script), raising=False)
    monkeypatch.setattr(main, "Elsewhere", Elsewhere, raising=False)
    monkeypatch.setattr(Elsewhere, "__module__", "__main__")
    parcel = wrap(Elsewhere, "a class", "")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    with pytest.raises(ValueError, match="not here"):
        unwrap(parcel)
    assert sys.modules["__main__"] is main
