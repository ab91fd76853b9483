"""One run: asks an optimizer, keeps its budget, replays what is recorded, and tells outcomes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic, perf_counter
from typing import Any, Literal, Protocol

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.executor import Completion, Work
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.record import Recording, Told
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Observation, Proposal, Status, Trial
from nasbench_sparse.errors import GapInRecording, NbsError, OptimizerError
from nasbench_sparse.executors.evaluate import charged_seconds
from nasbench_sparse.runner.proposal import make_trial
from nasbench_sparse.runner.results import KnownResults

Resume = Literal["strict", "tell-only"]

ENDED = ("finished", "exhausted")
"""Statuses of a run that spent its budget, or whose optimizer had nothing more to ask."""

FLUSH_SECONDS = 0.1

MOST_TIMELESS = 1000
"""Trials in a row that may take no time under a budget in seconds, which they would never spend."""


class Log(Protocol):
    """What a loop writes to; `nasbench_sparse.store.RunLog` is one."""

    @property
    def recording(self) -> Recording: ...
    def asked(self, trial: Trial, at: float) -> None: ...
    def told(self, told: Told) -> None: ...
    def flush(self) -> None: ...
    def end(
        self, status: str, budget: Mapping[str, Any], spent: Mapping[str, float], error: str | None = None
    ) -> None: ...


class RunLoop:
    """The state of one run between an optimizer and an executor.

    The journal's order of asks and tells is the truth: on resume the recorded asks are issued at the recorded
    moments to a fresh optimizer and compared, the recorded outcomes told, and only then the run goes on. A live
    trial already told is answered from the recording; a simulated one passes through the virtual clock again.
    """

    def __init__(
        self,
        spec: RunSpec,
        task: Task,
        optimizer: Optimizer,
        budget: Budget,
        log: Log,
        results: KnownResults,
        *,
        resume: Resume = "strict",
    ) -> None:
        self.spec, self.task, self.optimizer, self.budget = spec, task, optimizer, budget
        self.log, self.results, self.resume = log, results, resume
        self.simulated = spec.executor == "simulated"
        self._recorded = log.recording.asked
        self._replay: deque[Told] = deque(log.recording.told)
        self._recorded_told = {told.number: told for told in log.recording.told}
        self._asked_configs: dict[int, Config] = {}
        self._told_trials: dict[int, Trial] = {}
        self.in_flight: dict[int, Trial] = {}
        self.number = 0
        self.told_count = 0
        self.clock = 0.0
        self.spent = dict.fromkeys(("trials", "epochs", "evaluations", "seconds", "optimizer_seconds"), 0.0)
        self.incumbent: Trial | None = None
        self.incumbent_loss: float | None = None
        self._top_fidelity = 0
        self._timeless = 0
        self._flushed_at = monotonic()
        self._waiting = False
        self.departed = False
        self.status = "running"
        self.error: Exception | None = None

    # -- asking ---------------------------------------------------------------------------------------------

    @property
    def replaying(self) -> bool:
        """Whether recorded outcomes are still to be told."""
        return self.told_count < len(self._recorded_told)

    @property
    def budget_left(self) -> bool:
        """Whether another trial may start."""
        spent = self.clock if self.budget.unit == "seconds" else self.spent[self.budget.unit]
        return spent < self.budget.amount - 1e-9

    @property
    def next_is_recorded(self) -> bool:
        """Whether the next trial's outcome comes from the recording, so that it needs no worker."""
        return not self.simulated and self.number in self._recorded_told

    @property
    def may_ask(self) -> bool:
        """Whether the optimizer may be asked now."""
        if self._waiting or len(self.in_flight) >= self.spec.workers:
            return False
        recorded = self._recorded.get(self.number)
        if recorded is not None:
            return recorded.told_before <= self.told_count
        return not self.replaying and self.budget_left

    @property
    def finished(self) -> bool:
        """Whether nothing is in flight and nothing more will be asked."""
        return not self.in_flight and not self.may_ask

    def propose(self) -> Work | None:
        """Ask the optimizer once; None if it has nothing to propose now.

        Raises:
            OptimizerError: it raised, returned garbage, or asked otherwise than recorded.
        """
        asked = self._call(self.number, self.optimizer.ask)
        recorded = self._recorded.get(self.number)
        if asked is None and recorded is None:
            self._waiting = True
            return None
        trial = self._replayed(asked, recorded) if recorded is not None else self._new(asked)
        self.in_flight[trial.number] = trial
        self.number += 1
        self._charge(trial)
        return Work(self.spec.run_id, trial, self._known(trial))

    def _new(self, asked: Any) -> Trial:
        trial = self._trial(asked)
        self._asked_configs[trial.number] = _asked_config(asked, trial)
        self.log.asked(trial, self.clock)
        return trial

    def _replayed(self, asked: Any, recorded: Trial) -> Trial:
        if asked is None:
            self._depart(f"asks nothing where {_describe(recorded)} is recorded")
        else:
            trial = self._trial(asked)
            if _identity(trial) == _identity(recorded):
                self._asked_configs[trial.number] = _asked_config(asked, trial)
                return recorded
            self._depart(f"asks {_describe(trial)} where {_describe(recorded)} is recorded")
        self._asked_configs[recorded.number] = recorded.config
        return recorded

    def _trial(self, asked: Any) -> Trial:
        try:
            return make_trial(
                self.task,
                asked,
                number=self.number,
                replicate=self.spec.replicate,
                told_before=self.told_count,
                trials=self._told_trials,
            )
        except OptimizerError as error:
            raise OptimizerError(f"optimizer {self.spec.optimizer!r}: {error}") from error

    def _depart(self, what: str) -> None:
        if self.resume == "strict":
            raise OptimizerError(
                f"optimizer {self.spec.optimizer!r} is not deterministic at trial {self.number}: it {what}; "
                "--resume tell-only goes on with the recorded trials and marks the run"
            )
        self.departed = True

    def _known(self, trial: Trial) -> Evaluation | None:
        known = self.results.find(trial)
        if known is None and trial.number in self._recorded_told:
            return self._recorded_told[trial.number].evaluation
        return known

    def _charge(self, trial: Trial) -> None:
        units = _units(trial)
        self.spent["trials"] += 1.0 if trial.search is None else units / self.task.fidelity.max
        self.spent["epochs"] += units
        self.spent["evaluations"] = self.spent["epochs"] / self.task.fidelity.max

    # -- telling --------------------------------------------------------------------------------------------

    def replay_next(self) -> Told | None:
        """Tell the next recorded outcome of a live run; None if there is none.

        Raises:
            GapInRecording: an event before that outcome is missing.
        """
        if self.simulated or not self._replay:
            return None
        told = self._replay.popleft()
        trial = self.in_flight.get(told.number)
        if trial is None:
            raise self._gap()
        self._tell(trial, told, charged_seconds(told.evaluation, trial))
        return told

    def _gap(self) -> GapInRecording:
        run_id = self.spec.run_id
        return GapInRecording(
            f"what is recorded of run {run_id} has a gap, so it cannot be replayed; `store repair` cuts a journal "
            f"off before its gap, and `store rm {run_id}` removes the run, whose results stay reusable"
        )

    def complete(self, completion: Completion) -> Told:
        """Record an executor's outcome and tell the optimizer."""
        trial, evaluation = completion.work.trial, completion.evaluation
        reused = self.results.knows(trial)
        seconds = charged_seconds(evaluation, trial)
        if evaluation.seconds != seconds:
            evaluation = replace(evaluation, seconds=seconds)
        loss = self._loss(trial, evaluation)
        self.clock = completion.clock if self.simulated else self.clock + seconds / self.spec.workers
        incumbent = self._improve(trial, evaluation.status, loss)
        told = Told(
            trial.number,
            evaluation,
            loss,
            incumbent,
            _units(trial),
            self.clock,
            completion.worker,
            reused,
            self.results.predicts(trial),
        )
        if trial.number not in self._recorded_told:
            self.log.told(told)
            if self.simulated and not reused:
                self._keep_trainings()
        self._note(trial, told, seconds)
        self._check_time_passes(seconds)
        return told

    def _keep_trainings(self) -> None:
        """Flush a simulated log, otherwise durable by batch, at most ten times a second of training."""
        now = monotonic()
        if now - self._flushed_at > FLUSH_SECONDS:
            self.log.flush()
            self._flushed_at = now

    def _check_time_passes(self, seconds: float) -> None:
        self._timeless = 0 if seconds > 0 else self._timeless + 1
        if self.budget.unit == "seconds" and self._timeless >= MOST_TIMELESS:
            raise OptimizerError(
                f"{MOST_TIMELESS} trials in a row took no time, so a budget in seconds would never be spent"
            )

    def _tell(self, trial: Trial, told: Told, seconds: float) -> None:
        self.clock = told.at
        self._improve(trial, told.evaluation.status, told.loss)
        self._note(trial, told, seconds)

    def _note(self, trial: Trial, told: Told, seconds: float) -> None:
        self.in_flight.pop(trial.number, None)
        self._told_trials[trial.number] = trial
        self.told_count += 1
        self.spent["seconds"] += seconds
        self.results.add(trial, told.evaluation)
        config = self._asked_configs.pop(trial.number)
        if trial.search is not None and told.evaluation.config is not None:
            config = told.evaluation.config
        curve = told.evaluation.curve
        observation = Observation(
            trial.number, config, trial.fidelity, told.loss, told.evaluation.status, seconds, trial.search, curve
        )
        self._waiting = False
        self._call(trial.number, self.optimizer.tell, observation)

    def _loss(self, trial: Trial, evaluation: Evaluation) -> float:
        curve = evaluation.curve
        if evaluation.status is not Status.OK or not curve:
            return self.task.objective.worst
        return self.task.objective.loss(curve[-1])

    def _improve(self, trial: Trial, status: Status, loss: float) -> float | None:
        if trial.search is None and status is Status.OK and trial.fidelity >= self._top_fidelity:
            higher = trial.fidelity > self._top_fidelity
            if higher or self.incumbent_loss is None or loss < self.incumbent_loss:
                self._top_fidelity, self.incumbent_loss, self.incumbent = trial.fidelity, loss, trial
        return self.incumbent_loss

    # -- ending ---------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Write how the run ended: its budget spent, the optimizer exhausted, or nothing proposed at all."""
        if self.number == 0 and self.budget_left:
            self.fail(OptimizerError(f"optimizer {self.spec.optimizer!r} proposed nothing"))
            return
        if self.replaying:
            self.fail(self._gap())
            return
        self.status = "finished" if not self.budget_left else "exhausted"
        note = {"departed": 1.0} if self.departed else {}
        self.log.end(
            self.status, {self.budget.unit: self.budget.amount}, {**self.spent, "clock": self.clock, **note}
        )

    def fail(self, error: Exception) -> None:
        """Write that the run failed; what is recorded stays.

        One that had ended before, and was to be extended, stays ended as it was, and may be extended again.
        """
        self.status, self.error = "failed", error
        before = self.log.recording
        if before.status in ENDED:
            self.log.end(before.status, before.budget, before.spent, str(error))
            return
        self.log.end(
            "failed", {self.budget.unit: self.budget.amount}, {**self.spent, "clock": self.clock}, str(error)
        )

    def _call(self, trial: int, method: Any, *args: Any) -> Any:
        start = perf_counter()
        try:
            return method(*args)
        except NbsError as error:
            raise OptimizerError(f"optimizer {self.spec.optimizer!r}: {error}") from error
        except (Exception, SystemExit) as error:
            said = str(error).strip().splitlines()
            raise OptimizerError(
                f"optimizer {self.spec.optimizer!r} raised {type(error).__name__} in {method.__name__} "
                f"at trial {trial}{': ' + said[0] if said else ''}"
            ) from error
        finally:
            self.spent["optimizer_seconds"] += perf_counter() - start


def _units(trial: Trial) -> int:
    """Return the units of fidelity a trial is charged: credited ones left out, one for a search step."""
    return 1 if trial.search is not None else trial.fidelity - trial.resumes_at


def _asked_config(asked: Any, trial: Trial) -> Config:
    if trial.search is not None:
        return {}
    return asked.config if isinstance(asked, Proposal) else asked


def _identity(trial: Trial) -> tuple[Any, ...]:
    return (trial.config_key, trial.fidelity, trial.replicate, trial.parent)


def _describe(trial: Trial) -> str:
    if trial.search is not None:
        return f"search step {trial.search.step}"
    return f"{dict(trial.config)} at fidelity {trial.fidelity}"
