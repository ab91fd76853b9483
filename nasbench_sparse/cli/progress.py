"""Progress of a study: what every watcher keeps, and the plain lines of one that has no terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasbench_sparse.cli.console import say
from nasbench_sparse.cli.time_left import TimeLeft
from nasbench_sparse.core.run import CONFIRMATION, TABLE_BUILD
from nasbench_sparse.leaderboard.table import duration

if TYPE_CHECKING:
    from nasbench_sparse.core.record import Told
    from nasbench_sparse.core.run import RunSpec
    from nasbench_sparse.runner.loop import RunLoop
    from nasbench_sparse.runner.plan import PlannedRun
    from nasbench_sparse.runner.study import RunView

LINE_EVERY_SECONDS = 5.0

FEW_RUNS = 20
"""Of more runs than these not every end is a line."""


@dataclass(slots=True)
class RunState:
    """What is shown of a run under way."""

    name: str
    task: str
    share: float = 0.0
    trials: str = ""
    loss: float | None = None
    best: float | None = None


class Progress:
    """Keeps the state of a study; a subclass draws it. Cheap enough for thousands of outcomes a second."""

    def __init__(self) -> None:
        self.total = self.reused = self.ended_runs = self.failed = 0
        self.active: dict[str, RunState] = {}
        self.begun = time.monotonic()
        self.left = TimeLeft([], self.begun)
        self._drawn = self.begun

    # -- the watcher's interface ----------------------------------------------------------------------------

    def planned(self, runs: Sequence[PlannedRun], done: int) -> None:
        """Take note of the runs of a study, `done` of which are in the store already."""
        self.total, self.reused = len(runs), done
        self.begun = self._drawn = time.monotonic()
        tasks = [run.spec.task for run in runs]
        share = (len(runs) - done) / len(runs) if runs else 0.0
        self.left = TimeLeft(tasks, self.begun)
        for task in tasks:
            self.left.advance(task, 1.0 - share, self.begun, replayed=True)
        self.show_start()

    def started(self, run: RunView) -> None:
        """Take note of a run that starts or goes on."""
        self.active[run.spec.run_id] = RunState(named(run.spec), run.spec.task)

    def told(self, loop: RunLoop, told: Told) -> None:
        """Take note of an outcome, and draw if it is time."""
        now = time.monotonic()
        state = self.active[loop.spec.run_id]
        share = share_done(loop)
        self.left.advance(state.task, share - state.share, now, replayed=loop.replaying)
        state.share, state.loss, state.best = share, told.loss, told.incumbent_loss
        state.trials = amount_done(loop)
        if now - self._drawn >= self.draw_every_seconds:
            self._drawn = now
            self.show_state(state)

    def ended(self, run: RunView) -> None:
        """Take note of a run's end."""
        state = self.active.pop(run.spec.run_id)
        self.left.advance(state.task, 1.0 - state.share, time.monotonic())
        self.ended_runs += 1
        self.failed += run.status == "failed"
        self.show_end(state, run)

    def close(self) -> None:
        """Leave the screen in order."""

    # -- what a subclass draws ------------------------------------------------------------------------------

    draw_every_seconds = LINE_EVERY_SECONDS

    def show_start(self) -> None:
        """Show how many runs there are."""
        say(self.opening)

    def show_state(self, state: RunState) -> None:
        """Show where a run is."""
        say(f"  {state.name}: {describe(state)}; {self.times}")

    def show_end(self, state: RunState, run: RunView) -> None:
        """Show that a run has ended; of many that end at once the last, those that failed, and one now and then."""
        now = time.monotonic()
        many = self.total - self.reused > FEW_RUNS
        is_last = self.reused + self.ended_runs == self.total
        if many and not is_last and run.status != "failed" and now - self._drawn < LINE_EVERY_SECONDS:
            return
        self._drawn = now
        say(f"[{self.reused + self.ended_runs}/{self.total}] {state.name}: {ending(run)}; {self.times}")

    # -- words ----------------------------------------------------------------------------------------------

    @property
    def opening(self) -> str:
        """One line on the runs to be done."""
        runs = f"{self.total} run{'' if self.total == 1 else 's'}"
        return f"{runs}, of which {self.reused} in the store already" if self.reused else runs

    @property
    def times(self) -> str:
        """Time passed and time left."""
        passed = f"{duration(time.monotonic() - self.begun)} passed"
        return passed + remaining(self.left.seconds)


def named(spec: RunSpec) -> str:
    """Print which run it is: by its seed, or by its replicate where every run has the same seed."""
    which = f"replicate {spec.replicate}" if spec.study in (TABLE_BUILD, CONFIRMATION) else f"seed {spec.seed}"
    return f"{spec.task} · {spec.optimizer} · {which}"


def remaining(seconds: float | None) -> str:
    """Print an estimate of the time left; nothing where there is none, or nothing worth saying."""
    if seconds is None or seconds < 0.1:
        return ""
    return f", about {duration(seconds)} left" if seconds >= 1 else ", less than a second left"


def share_done(loop: RunLoop) -> float:
    """Return which part of a run's budget is done, work in flight left out."""
    if loop.budget.unit == "seconds":
        done = loop.clock
    elif loop.budget.unit in ("epochs", "evaluations"):
        done = loop.spent["epochs"] - sum(t.fidelity - t.resumes_at for t in loop.in_flight.values())
        done /= loop.task.fidelity.max if loop.budget.unit == "evaluations" else 1
    else:
        done = loop.spent["trials"] - len(loop.in_flight)
    return min(1.0, max(0.0, done / loop.budget.amount))


def amount_done(loop: RunLoop) -> str:
    """Print how much of its budget a run has used."""
    if loop.budget.unit == "trials" and loop.told_count <= loop.budget.amount:
        return f"trial {loop.told_count} of {loop.budget.amount:g}"
    done = share_done(loop) * loop.budget.amount
    return f"trial {loop.told_count}, {done:.0f} of {loop.budget.amount:g} {loop.budget.unit}"


def describe(state: RunState) -> str:
    """Print where a run is."""
    if not state.trials:
        return "starting"
    return f"{state.trials}, last loss {_loss(state.loss)}, best {_loss(state.best)}"


def ending(run: RunView) -> str:
    """Print how a run ended."""
    trials = f"{run.told_count} trial{'' if run.told_count == 1 else 's'}"
    return f"{run.status}, {trials}, best {_loss(run.incumbent_loss)}"


def _loss(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
