"""Cycles of pruning and training: one point of the curve for each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter, thread_time
from typing import Any

import torch

from nasbench_sparse.core.blueprint import Blueprint, Cycles, Step, Train
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.declaration import declare, digest
from nasbench_sparse.training import cache
from nasbench_sparse.training.content import content_of
from nasbench_sparse.training.encoding import curve_from_json, curve_to_json, pack, unpack
from nasbench_sparse.training.moment import Moment, activations_of
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.setting_up import state_left, training_of
from nasbench_sparse.training.state import State, broadcast
from nasbench_sparse.training.transitions import carry_out
from nasbench_sparse.training.version import ENGINE


@dataclass(frozen=True, slots=True, eq=False)
class CycleEnd:
    """What a cycle left: its state, whose seconds are the cycle's own, and the last point of its last training."""

    state: State
    point: CurvePoint | None


@dataclass(slots=True)
class CycleTraining:
    """Cycles under way. Everything a continuation needs is in `state`, `base` and `curve`.

    With a fork, the body's training of a cycle is done only when the next cycle needs what it leaves.

    Args:
        phase: index of the cycles in the blueprint.
        state: after `base` cycles of the body.
        seconds: time spent so far; a cycle that was shared counts with the seconds that were recorded.
        curve: one point for each finished cycle; it ends where a training diverged.
    """

    blueprint: Blueprint
    phase: int
    repetition: Repetition
    device: torch.device
    state: State
    base: int = 0
    seconds: float = 0.0
    diverged: bool = False
    curve: list[CurvePoint] = field(default_factory=list)

    @property
    def cycles(self) -> Cycles:
        """The phase."""
        phase = self.blueprint.phases[self.phase]
        assert isinstance(phase, Cycles)
        return phase

    def run(self, until: int) -> None:
        """Carry out cycles up to `until` finished ones, or until a training diverges."""
        while len(self.curve) < until and not self.diverged:
            self._report(self._next())

    def _next(self) -> CycleEnd:
        """Carry out what the next point of the curve comes from."""
        if not self.cycles.fork:
            return self._advance()
        if self.base < len(self.curve):
            self._spend(self._advance())
        return self._cycle(self.cycles.fork, len(self.curve))

    def _advance(self) -> CycleEnd:
        """Carry out the body once more."""
        end = self._shared(self.base) if self.cycles.share else self._cycle(self.cycles.body, self.base)
        self.state, self.base = end.state, self.base + 1
        return end

    def _report(self, end: CycleEnd) -> None:
        self._spend(end)
        if end.point is not None and not self.diverged:
            self.curve.append(end.point._replace(step=len(self.curve) + 1, seconds=self.seconds))

    def _spend(self, end: CycleEnd) -> None:
        self.seconds += end.state.seconds
        self.diverged = self.diverged or end.state.diverged

    def _cycle(self, phases: tuple[Step | Train, ...], cycle: int) -> CycleEnd:
        """Carry out phases on the state at the start of a cycle."""
        clock = thread_time if self.device.type == "cpu" else perf_counter
        state, seconds, trainings, point = self.state, 0.0, 0, None
        for phase in phases:
            moment = Moment(self.blueprint, self.repetition, f"{self.phase}/{cycle}/{trainings}")
            started = clock()
            if isinstance(phase, Train):
                training = training_of(phase, replace(state, seconds=0.0), moment, self.device)
                seconds += clock() - started
                training.run(phase.epochs)
                state, trainings = state_left(training, state, moment), trainings + 1
                seconds += training.seconds
                point = training.curve[-1] if training.curve else None
            else:
                state = carry_out(phase, state, moment)
                seconds += clock() - started
        return CycleEnd(replace(state, seconds=seconds), point)

    def _shared(self, cycle: int) -> CycleEnd:
        """Return a cycle of the body, kept by content for whoever has the same ones."""
        last = self.cycles.body[-1]
        assert isinstance(last, Train)

        def compute() -> bytes:
            end = self._cycle(self.cycles.body, cycle)
            header = {
                "activations": len(end.state.activations),
                "diverged": end.state.diverged,
                "seconds": end.state.seconds,
                "curve": curve_to_json([] if end.point is None else [end.point]),
            }
            return pack(end.state.tensors, header)

        data, _ = cache.fetch(digest(self._content(cycle), size=16), compute)
        tensors, header = unpack(data)
        activations = broadcast(activations_of(self.blueprint, last), header["activations"])
        state = State.from_tensors(tensors, activations, header["diverged"])
        curve = curve_from_json(header["curve"])
        return CycleEnd(replace(state, seconds=header["seconds"]), curve[-1] if curve else None)

    def _content(self, cycle: int) -> list[Any]:
        """Return what the state after a cycle of the body depends on."""
        body = replace(self.cycles, fork=(), count=cycle + 1)
        blueprint = replace(self.blueprint, phases=(*self.blueprint.phases[: self.phase], body))
        return [ENGINE, declare(self.repetition), "cycle", *content_of(blueprint, len(blueprint.phases))]
