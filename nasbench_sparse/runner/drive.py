"""Drives many runs over one executor, so that every slot stays busy and nothing is trained twice."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator

from nasbench_sparse.core.executor import Completion, Executor, Work
from nasbench_sparse.core.record import Told
from nasbench_sparse.errors import GapInRecording, NotInTable, OptimizerError
from nasbench_sparse.runner.loop import RunLoop

TrainingKey = tuple[str, str, int]
Listener = Callable[[RunLoop, Told | None], None]


def silent(loop: RunLoop, told: Told | None) -> None:
    """A listener that shows nothing."""


class Driver:
    """Feeds an executor from several run loops.

    The first run asks for as many slots as it can use, the next ones fill what is left; a new run starts when
    slots stay free. A trial whose training is already under way for another one waits for that result.
    An optimizer's error, a trial that its table lacks, or a gap in its recording ends its own run only.
    `listener(loop, told)` is called after each outcome, and with None when a run has ended.
    """

    def __init__(self, executor: Executor, listener: Listener = silent) -> None:
        self.executor = executor
        self.listener = listener
        self._active: list[RunLoop] = []
        self._by_id: dict[str, RunLoop] = {}
        self._training: dict[TrainingKey, Work] = {}
        self._waiting: defaultdict[TrainingKey, list[Work]] = defaultdict(list)
        self._released: deque[Work] = deque()
        self._in_flight = 0

    def drive(self, loops: Iterator[RunLoop]) -> None:
        """Run all loops to their end; each is taken from the iterator when it can start."""
        exhausted = False
        while True:
            self._fill()
            self._retire()
            if not exhausted and (not self._active or self.executor.free_workers > 0):
                loop = next(loops, None)
                if loop is not None:
                    self._active.append(loop)
                    self._by_id[loop.spec.run_id] = loop
                    continue
                exhausted = True
            if self._in_flight:
                self._take()
            elif exhausted and not self._active:
                return

    def _fill(self) -> None:
        while self._released and self.executor.free_workers > 0:
            work = self._released.popleft()
            loop = self._by_id[work.run_id]
            if loop.status == "running":
                self._submit(loop, Work(work.run_id, work.trial, loop.results.find(work.trial)))
        for loop in self._active:
            try:
                self._fill_from(loop)
            except (OptimizerError, NotInTable, GapInRecording) as error:
                loop.fail(error)

    def _fill_from(self, loop: RunLoop) -> None:
        while loop.status == "running":
            while loop.may_ask and (loop.next_is_recorded or self.executor.free_workers > 0):
                recorded = loop.next_is_recorded
                work = loop.propose()
                if work is None:
                    break
                if not recorded:
                    self._submit(loop, work)
            told = loop.replay_next()
            if told is None:
                return
            self.listener(loop, told)

    def _submit(self, loop: RunLoop, work: Work) -> None:
        trial = work.trial
        if work.recorded is None and not loop.simulated:
            key = (loop.task.fingerprint, trial.config_key, trial.replicate)
            if key in self._training:
                self._waiting[key].append(work)
                return
            self._training[key] = work
        self._in_flight += 1
        self.executor.submit(loop.task, work)

    def _take(self) -> None:
        completion = self.executor.next_completed()
        if completion is None:
            return
        self._in_flight -= 1
        loop = self._by_id[completion.work.run_id]
        self._tell(loop, completion)
        self._release(loop, completion.work)

    def _tell(self, loop: RunLoop, completion: Completion) -> None:
        if loop.status != "running":
            return
        try:
            self.listener(loop, loop.complete(completion))
        except OptimizerError as error:
            loop.fail(error)

    def _release(self, loop: RunLoop, work: Work) -> None:
        key = (loop.task.fingerprint, work.trial.config_key, work.trial.replicate)
        if self._training.get(key) is not work:
            return
        del self._training[key]
        self._released.extend(self._waiting.pop(key, []))

    def _retire(self) -> None:
        for loop in [loop for loop in self._active if loop.status != "running" or loop.finished]:
            if loop.status == "running":
                loop.end()
            self._active.remove(loop)
            self.listener(loop, None)
