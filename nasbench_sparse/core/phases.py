"""The phases of a blueprint: trainings, and what changes a network between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from nasbench_sparse.core.activation import Activation
from nasbench_sparse.core.declaration import added
from nasbench_sparse.core.ranges import check_number, check_share, check_whole
from nasbench_sparse.core.recipe import Recipe
from nasbench_sparse.core.sparsify import Gradual, Sigmoid, Sparsify
from nasbench_sparse.errors import TaskError

DISTRIBUTIONS = ("layerwise", "global", "uniform", "erk", "lap", "smart")
"""How a density is spread over the layers; "layerwise" takes each layer's own."""


@dataclass(frozen=True, slots=True)
class Train:
    """A training phase, always with a new optimizer. `activations` None means the blueprint's own.

    Args:
        sparsify: pruning or regrowing while it trains.
        measures: names for `nasbench_sparse.measures.take`, recorded as metrics of the curve; their time is not
            charged, but recorded as metric "measure_seconds".
        measure_at: after the last epoch ("end"), after each ("epochs"), or after the thesis's "eleven".

    Raises:
        TaskError: fewer than 1 epoch, or an unknown `measure_at`.
    """

    epochs: int
    recipe: Recipe
    activations: tuple[Activation, ...] | None = None
    sparsify: Sparsify | None = added(None)  # noqa: RUF009 - a field
    measures: tuple[str, ...] = added(())
    measure_at: Literal["end", "epochs", "eleven"] = added("end")

    def __post_init__(self) -> None:
        check_whole("epochs of a training", self.epochs)
        if self.measure_at not in ("end", "epochs", "eleven"):
            raise TaskError(f"measure_at is {self.measure_at!r}; allowed are 'end', 'epochs' and 'eleven'")
        schedule = self.sparsify
        if isinstance(schedule, Gradual) and schedule.unit == "epochs" and schedule.end > self.epochs:
            raise TaskError(
                f"gradual pruning ends after epoch {schedule.end}, beyond the training's {self.epochs} epochs"
            )

    @property
    def whole_after(self) -> int:
        """Epochs after which a sparsification by epochs has its final density: a trial may stop from there."""
        if isinstance(self.sparsify, Sigmoid):
            return self.epochs
        if isinstance(self.sparsify, Gradual) and self.sparsify.unit == "epochs":
            return self.sparsify.end
        return 1


@dataclass(frozen=True, slots=True)
class Prune:
    """A pruning phase: weights of the highest score are kept, with exact counts; what is pruned stays pruned.

    Exactly one of `densities`, `fraction` and `pattern` says how many.

    Args:
        score: by name: "magnitude", "random", "taylor", "lamp", "lap", "snip", "grasp", "synflow", ...
        densities: for "layerwise", one for each prunable layer (conv and linear weights, in forward order) or a
            single one for all of them: each layer keeps round(density * n); else one for the whole network.
        distribution: over the layers, one of `DISTRIBUTIONS`.
        fraction: of the weights alive when the last training ended, to be pruned: of each layer's for "layerwise",
            else of all. Successive phases add up exactly: 0.18 and then 0.02 leave what 0.2 leaves.
        pattern: (n, m) keeps n of every m consecutive weights along the input dimension.
        batches: of training data that a score looks at, of `batch_size` each, where it needs data.
        options: the score's own settings.
        distribution_options: the distribution's own settings.

    Raises:
        TaskError: a density or fraction outside [0, 1], or choices that contradict each other.
    """

    score: str
    densities: tuple[float, ...] = ()
    distribution: str = added("layerwise")
    fraction: float | None = added(None)
    pattern: tuple[int, int] | None = added(None)
    batches: int = added(1)
    batch_size: int = added(128)
    options: tuple[tuple[str, Any], ...] = added(())
    distribution_options: tuple[tuple[str, Any], ...] = added(())

    def __post_init__(self) -> None:
        for density in self.densities:
            check_share("density", density)
        if self.distribution not in DISTRIBUTIONS:
            raise TaskError(
                f"distribution {self.distribution!r} is unknown; allowed are {', '.join(DISTRIBUTIONS)}"
            )
        given = (bool(self.densities), self.fraction is not None, self.pattern is not None)
        if sum(given) != 1:
            raise TaskError("a pruning phase declares exactly one of densities, fraction and pattern")
        if self.fraction is not None:
            check_share("fraction", self.fraction)
        if self.pattern is not None:
            n, m = self.pattern
            for count in (n, m):
                check_whole(f"a number of pattern {n}:{m}", count)
            if n >= m:
                raise TaskError(f"pattern {n}:{m} keeps n of m weights; it needs 0 < n < m")
            if self.distribution not in ("layerwise", "uniform"):
                raise TaskError(
                    f"pattern {n}:{m} gives every layer the density {n}/{m}, which contradicts distribution "
                    f"{self.distribution!r}"
                )
        if self.distribution != "layerwise" and len(self.densities) > 1:
            raise TaskError(
                f"distribution {self.distribution!r} spreads one density over the layers, and got "
                f"{len(self.densities)} densities"
            )
        _check_batches("a score", self)


@dataclass(frozen=True, slots=True)
class ActivatePrune:
    """The AP step: prune `fraction` of the weights alive when the last training ended, to revive dead neurons.

    Args:
        fraction: q; see `Prune.fraction`.
        locate: "movement" prunes negative weights in ascending |theta - theta_0| (the method); "output" first those
            of the units most often dead over `batches` training batches of `batch_size` (AP-output).
        bias: AP-bias-k: instead of pruning, add k to the biases of dead units; `fraction` is then theirs.

    Raises:
        TaskError: a number outside its range or an unknown `locate`.
    References:
        AP (Liu et al., 2024), algorithm 1 and section 4.4.
    """

    fraction: float
    locate: Literal["movement", "output"] = "movement"
    bias: float | None = None
    batches: int = 1
    batch_size: int = 128

    def __post_init__(self) -> None:
        check_share("fraction", self.fraction)
        if self.locate not in ("movement", "output"):
            raise TaskError(f"locate is {self.locate!r}; allowed are 'movement' and 'output'")
        if self.bias is not None:
            check_number("bias of the AP step", self.bias)
        _check_batches("the AP step", self)


@dataclass(frozen=True, slots=True)
class Rewind:
    """Put the network back to where its first training was; masks stay, and pruned weights are zero.

    "weights" brings back all parameters and the statistics of normalisations as they were after `to` epochs or
    steps (0: initialised). "learning_rate" keeps them: the next training only starts its schedule again.

    Raises:
        TaskError: a number or name that is not allowed.
    References:
        Frankle and Carbin (2019); Frankle et al. (2020) for `to` > 0; Renda et al. (2020), learning-rate rewinding.
    """

    to: int = 0
    unit: Literal["epochs", "steps"] = "epochs"
    what: Literal["weights", "learning_rate"] = "weights"

    def __post_init__(self) -> None:
        if self.what not in ("weights", "learning_rate") or self.unit not in ("epochs", "steps"):
            raise TaskError(
                f"rewinding {self.what!r} by {self.unit!r}: allowed are 'weights' and 'learning_rate', by 'epochs' "
                "and 'steps'"
            )
        check_whole("the point that is rewound to", self.to, least=0)
        if self.what == "learning_rate" and self.to > 0:
            raise TaskError(f"rewinding {self.what} to {self.to}: allowed is 0, or for weights a later point")


@dataclass(frozen=True, slots=True)
class Quantise:
    """ASNI-II: in each layer positive survivors become their mean, negative ones theirs; biases 0, norm weights 1.

    References:
        ASNI (Damadi et al., 2022), algorithm 3, lines 12-19.
    """


Step = Prune | ActivatePrune | Rewind | Quantise
"""What changes a network between two trainings, at once."""


@dataclass(frozen=True, slots=True)
class Cycles:
    """Repeat `body` `count` times; each cycle gives one point of the curve, the state after its last training.

    The curve point has the losses and metrics of the last training's end. Random streams are named by the cycle and
    the training's number in it, so that methods which differ in pruning are paired.

    Args:
        body: phases of a cycle; the last one trains.
        fork: where given, what is reported of each cycle comes from these phases instead, carried out on the state
            at the cycle's start; the next cycle goes on from the body (AP-Lite).
        share: keep the state after each cycle in the cache of shared trainings, for other blueprints that have the
            same cycles; no result depends on it.

    Raises:
        TaskError: fewer than 1 cycle, cycles within cycles, or a cycle that does not end with a training.
    References:
        AP (Liu et al., 2024), algorithm 2; Frankle and Carbin (2019), section 2.
    """

    body: tuple[Step | Train, ...]
    count: int
    fork: tuple[Step | Train, ...] = ()
    share: bool = field(default=False, metadata={"prose": True})

    def __post_init__(self) -> None:
        check_whole("the count of cycles", self.count)
        for name, part in (("body", self.body), ("fork", self.fork)):
            if any(isinstance(phase, Cycles) for phase in part):
                raise TaskError(f"the {name} of cycles cannot hold cycles")
            if (part or name == "body") and not (part and isinstance(part[-1], Train)):
                raise TaskError(f"the {name} of cycles must end with a training")
            for phase in part:
                if isinstance(phase, Prune) and phase.fraction is None:
                    raise TaskError(
                        f"the {name} of cycles prunes again in each cycle, so it declares a fraction of the "
                        "weights alive, not densities or a pattern"
                    )


Phase = Train | Step | Cycles


def in_order(phases: tuple[Phase, ...]) -> Iterator[Step | Train]:
    """Yield the phases as the first cycle of each `Cycles` carries them out, the body before the fork."""
    for phase in phases:
        if isinstance(phase, Cycles):
            yield from (*phase.body, *phase.fork)
        else:
            yield phase


def _check_batches(what: str, phase: Prune | ActivatePrune) -> None:
    check_whole(f"the number of batches that {what} looks at", phase.batches)
    check_whole(f"the size of batches that {what} looks at", phase.batch_size)
