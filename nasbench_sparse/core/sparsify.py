"""Sparsification during a training: gradual pruning, and dropping and regrowing weights.

A schedule counts finished epochs or steps of its training from 1: at `begin`, then every `frequency`, to `end`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nasbench_sparse.core.ranges import check_number, check_positive, check_share, check_whole
from nasbench_sparse.errors import TaskError

Clock = Literal["epochs", "steps"]


def _check_schedule(begin: int, end: int, frequency: int, unit: str) -> None:
    if unit not in ("epochs", "steps"):
        raise TaskError(f"a sparsification's unit is {unit!r}; allowed are 'epochs' and 'steps'")
    for name, value in (("begin", begin), ("end", end), ("frequency", frequency)):
        check_whole(f"{name} of a sparsification", value, least=1 if name == "frequency" else 0)
    if begin > end:
        raise TaskError(f"a sparsification begins at {begin} and ends at {end}; it needs begin <= end")


@dataclass(frozen=True, slots=True)
class Gradual:
    """Prune by magnitude on a cubic schedule, from `initial` density at `begin` to `density` at `end`.

    Args:
        density: final fraction kept.
        distribution: over the layers, see `Prune`; "uniform" gives each layer the same density.

    Raises:
        TaskError: a number outside its range, or `end` is not on the schedule.
    References:
        Zhu and Gupta (2018), "To prune, or not to prune", section 3, equation 1.
    """

    density: float
    begin: int
    end: int
    frequency: int = 1
    unit: Clock = "epochs"
    initial: float = 1.0
    distribution: str = "global"

    def __post_init__(self) -> None:
        _check_schedule(self.begin, self.end, self.frequency, self.unit)
        check_share("density", self.density)
        check_share("initial density", self.initial)
        if self.density > self.initial:
            raise TaskError(
                f"gradual pruning needs density <= initial, got density {self.density} and initial {self.initial}"
            )
        if self.begin == self.end or (self.end - self.begin) % self.frequency:
            raise TaskError(
                f"gradual pruning every {self.frequency} {self.unit} from {self.begin} never reaches its end "
                f"{self.end}: end - begin must be a positive multiple of frequency"
            )


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """ASNI-I: after epoch e = 1..E prune globally by magnitude to alpha * sigmoid((e - beta E) / gamma) percent.

    The percentage is of all prunable weights, zeros included.

    Args:
        alpha: percent, approached at the end.
        beta: place of the steepest pruning, as a share of the epochs.
        gamma: epochs; None means E / 10.

    Raises:
        TaskError: alpha outside [0, 100], beta no finite number or gamma not positive.
    References:
        ASNI (Damadi et al., 2022), algorithm 3, lines 5-8, and section 4.2.
    """

    alpha: float
    beta: float = 0.5
    gamma: float | None = None

    def __post_init__(self) -> None:
        check_number("alpha of sigmoid pruning", self.alpha)
        if not 0.0 <= self.alpha <= 100.0:
            raise TaskError(f"alpha {self.alpha} is no percentage: it lies outside [0, 100]")
        check_number("beta of sigmoid pruning", self.beta)
        if self.gamma is not None:
            check_positive("gamma of sigmoid pruning", self.gamma)


@dataclass(frozen=True, slots=True)
class Regrow:
    """Drop the smallest weights of each layer and grow as many others, at `begin`, every `frequency`, before `end`.

    Args:
        method: "set" grows at random after the step; "rigl" grows where the dense gradient is largest, in place of
            the step, and its fraction decays by a cosine until `end`.
        fraction: of a layer's weights alive that are dropped.
        end: None means the training's end.

    Raises:
        TaskError: an unknown method or a number outside its range.
    References:
        Mocanu et al. (2018), algorithm 1 (SET); Evci et al. (2020), algorithm 1 (RigL).
    """

    method: str
    fraction: float = 0.3
    begin: int = 100
    end: int | None = None
    frequency: int = 100
    unit: Clock = "steps"

    def __post_init__(self) -> None:
        _check_schedule(self.begin, self.begin if self.end is None else self.end, self.frequency, self.unit)
        if self.method not in ("set", "rigl"):
            raise TaskError(f"regrowth {self.method!r} is unknown; allowed are 'set' and 'rigl'")
        check_number("fraction that regrowth drops", self.fraction, least=0.0, below=1.0)


Sparsify = Gradual | Sigmoid | Regrow
