"""A user's own optimizer, from outside the source tree: a file, a class in a program, a third party's package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OPTIMIZER = '''
import nasbench_sparse as nbs


class Climber(nbs.Optimizer):
    """Keeps the best config so far and mutates it."""

    def __init__(self, problem, *, seed, warm_up=3):
        super().__init__(problem, seed=seed)
        self.warm_up, self.told, self.best = warm_up, 0, None

    def ask(self):
        if self.told < self.warm_up:
            return self.space.sample(self.rng)
        return self.space.neighbour(self.best.config, self.rng)

    def tell(self, observation):
        self.told += 1
        if self.best is None or observation.loss < self.best.loss:
            self.best = observation
'''

TASK = """
from nasbench_sparse.testing.problems import SyntheticTask

task = SyntheticTask(name="elsewhere")


def tasks():
    return [task]
"""


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder far from the checkout with a user's files."""
    (tmp_path / "my_opt.py").write_text(OPTIMIZER)
    (tmp_path / "my_task.py").write_text(TASK)
    return tmp_path


def test_own_optimizer_in_a_file_runs_from_the_command_line(outside: Path) -> None:
    command = (
        "-m nasbench_sparse run --task my_task.py:task --optimizer my_opt.py:Climber --optimizer random".split()
    )
    done = run(
        *command, *"--seeds 0-1 --trials 6 --store mine.duckdb --option Climber.warm_up=2".split(), cwd=outside
    )
    assert done.returncode == 0, done.stderr
    assert "Climber" in done.stdout
    count = run(
        "-c",
        "import nasbench_sparse as nbs; print(nbs.Store('mine.duckdb').sql('SELECT count(*) FROM trials').item())",
        cwd=outside,
    )
    assert count.stdout.strip() == "24"


def test_changed_file_is_a_new_run(outside: Path) -> None:
    command = (
        "-m nasbench_sparse run --task my_task.py:task --optimizer my_opt.py:Climber --trials 3 --store s.duckdb"
    ).split()
    assert run(*command, cwd=outside).returncode == 0
    (outside / "my_opt.py").write_text(OPTIMIZER + "\n# changed\n")
    assert run(*command, cwd=outside).returncode == 0
    sources = run(
        "-c",
        "import nasbench_sparse as nbs\n"
        "print(nbs.Store('s.duckdb').sql('SELECT count(DISTINCT source_hash) FROM runs').item())",
        cwd=outside,
    )
    assert sources.stdout.strip() == "2"


def test_class_in_a_program_runs_with_nbs_run(outside: Path) -> None:
    program = (
        "import nasbench_sparse as nbs\nfrom my_opt import Climber\nfrom my_task import task\n"
        "result = nbs.run(task, Climber, seed=1, trials=5)\n"
        "print(result.optimizer, len(result.trials), result.loss == result.trials['loss'].min())"
    )
    done = run("-c", program, cwd=outside)
    assert done.stdout.split() == ["Climber", "5", "True"], done.stderr


def test_third_party_package_registers_by_entry_point(outside: Path) -> None:
    site = outside / "site"
    (site / "climber_pack").mkdir(parents=True)
    (site / "climber_pack" / "__init__.py").write_text(OPTIMIZER + TASK)
    info = site / "climber_pack-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: climber-pack\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(
        "[nasbench_sparse.optimizers]\nclimber = climber_pack:Climber\n"
        "[nasbench_sparse.tasks]\npack = climber_pack:tasks\n"
    )
    command = "-m nasbench_sparse run --task elsewhere --optimizer climber --trials 4 --store s.duckdb".split()
    done = run(*command, cwd=outside, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    program = (
        "import nasbench_sparse as nbs\n"
        "print(nbs.Store('s.duckdb').sql('SELECT optimizer, source_hash FROM runs').row(0))"
    )
    assert run("-c", program, cwd=outside).stdout.strip() == "('climber', '2.5')"
