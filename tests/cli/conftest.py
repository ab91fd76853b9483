"""Command lines run in this process, and tasks to run them on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from nasbench_sparse.cli import main

TASKS = """
from nasbench_sparse.testing.problems import Fault, SyntheticTask

quick = SyntheticTask(name="quick")
other = SyntheticTask(name="other", noise=0.02)
slow = SyntheticTask(name="slow", faults=(Fault("sleep", seconds=0.05),))
"""

OPTIMIZERS = """
from nasbench_sparse import Optimizer


class Mine(Optimizer):
    def __init__(self, problem, *, seed, scale=1.0, flag=False, kind="a"):
        super().__init__(problem, seed=seed)

    def ask(self):
        return self.space.sample(self.rng)

    def tell(self, observation):
        pass


class Broken(Mine):
    def tell(self, observation):
        if observation.number == 2:
            raise ValueError("no idea")
"""


class Outcome(NamedTuple):
    """Exit status and the two streams of a command."""

    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line in this process."""

    def call(*arguments: object) -> Outcome:
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(status, out, err)

    return call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with `problems.py` and `mine.py` in it."""
    (tmp_path / "problems.py").write_text(TASKS)
    (tmp_path / "mine.py").write_text(OPTIMIZERS)
    monkeypatch.chdir(tmp_path)
    return tmp_path
