"""DrNAS with the changes of GRAFS: gradient-based search for activations, one epoch of a supernet at a time."""

from __future__ import annotations

import math
from typing import ClassVar

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation, SearchStep, Status
from nasbench_sparse.errors import NbsError

METHOD = "nasbench_sparse.training.drnas:advance"
ATTEMPTS = 3
PARAMETRIC = ("prelu", "srelu", "falu")
"""Operators with parameters of their own, which a weighted sum has no place for."""


class DrNAS(Optimizer):
    """Learns a Dirichlet distribution over the operations of each edge, together with the weights.

    Each search step is an epoch of the bi-level loop, carried out by a worker; gradients are of first order.
    After the last one the derived config is proposed at full fidelity, trained from the blueprint's own starting
    point; then the optimizer is exhausted. A step that fails is asked for twice more before the optimizer gives up.

    Args:
        epochs: length of the search, in `unit`; GRAFS has 50 epochs for ResNet and ViT, 1000 iterations for GPT.
        warm_start: first epochs (or iterations) E0 in which weights train with the original activation.
        learning_rate: Adam's for the architecture; GRAFS has 6e-4 for ResNets, 1e-3 for ViT and GPT.
        weight_decay: strength of the anchor at concentration 1.
        train_portion: share of the fold's training examples that train the weights; the rest trains the
            architecture.
        shrink: drop operations from 2 E0 on, so that each edge ends with one.
        bounded: clip unbounded operations to magnitude 10 within the supernet. None searches what will be trained:
            a cell is bounded, as the derived cell is; a chromosome is not, as its derived operators are not. (On a
            pruned digits network, bounded, symexp won every layer for three seeds of three and then failed in
            training, with a validation loss of 9.5; unbounded the loss is 1.4. Under SGD at high rates an
            unbounded search may diverge: set it there.)
        independent_samples: draw weights for each site of a cell anew (GRAFS), or once for all of them (plain
            DrNAS); a chromosome's sites have distributions of their own either way.
        relaxation: "dirichlet" draws the weights of operations; "darts" takes the softmax of their parameters.
        keep: propose the config derived at the "final" step, or at the one whose discretised validation accuracy
            is "best" (the first on a tie).
        unit: what `epochs` and `warm_start` count, and drops happen at: "epochs" or "iterations".
        interval: iterations of a search step, after which the supernet is measured; where `unit` is "iterations".
    Raises:
        NbsError: an option out of range.
    References:
        GRAFS (Strack et al., 2024), section 3.3 and tables 10, 12 and 14; Chen et al. (2021), "DrNAS: Dirichlet
        neural architecture search".
    """

    name: ClassVar[str] = "drnas"

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        epochs: int = 10,
        warm_start: int = 1,
        learning_rate: float = 6e-4,
        weight_decay: float = 1e-3,
        train_portion: float = 0.75,
        shrink: bool = True,
        bounded: bool | None = None,
        independent_samples: bool = True,
        relaxation: str = "dirichlet",
        keep: str = "final",
        unit: str = "epochs",
        interval: int = 100,
    ) -> None:
        super().__init__(problem, seed=seed)
        if warm_start < 0 or epochs <= (2 * warm_start if shrink else 0):
            raise NbsError(
                f"drnas: epochs must be more than 2 * warm_start to leave room for shrinking, and warm_start at "
                f"least 0, not epochs={epochs} and warm_start={warm_start}"
            )
        if not 0 < train_portion < 1:
            raise NbsError(f"drnas: train_portion must lie between 0 and 1, not {train_portion}")
        if learning_rate <= 0 or weight_decay < 0:
            raise NbsError(
                f"drnas: learning_rate must be positive and weight_decay at least 0, not {learning_rate} "
                f"and {weight_decay}"
            )
        _check("relaxation", relaxation, ("dirichlet", "darts"))
        _check("keep", keep, ("final", "best"))
        _check("unit", unit, ("epochs", "iterations"))
        if interval < 1:
            raise NbsError(f"drnas: interval must be at least 1 iteration, not {interval}")
        self.keep = keep
        self.steps = epochs if unit == "epochs" else math.ceil(epochs / interval)
        self._options = (
            ("epochs", epochs),
            ("warm_start", warm_start),
            ("learning_rate", learning_rate),
            ("weight_decay", weight_decay),
            ("train_portion", train_portion),
            ("shrink", shrink),
            ("bounded", self._is_cell() if bounded is None else bounded),
            ("independent_samples", independent_samples),
            ("relaxation", relaxation),
            ("unit", unit),
            ("interval", interval),
        )
        self._step = 0
        self._failures = 0
        self._waiting = False
        self._derived: Config | None = None
        self._best = -math.inf

    def _is_cell(self) -> bool:
        return self.problem.relaxation is not None and self.problem.relaxation.kind == "cell"

    @classmethod
    def supports(cls, problem: Problem) -> str | None:
        """Refuse a problem without a relaxation, or one over operators with parameters of their own."""
        if problem.relaxation is None:
            return "it needs a space with a relaxation: an activation cell or an operator chromosome"
        found = {name for names in problem.relaxation.operations for name in names if name in PARAMETRIC}
        if found:
            return f"it cannot relax operators with parameters of their own ({', '.join(sorted(found))})"
        return None

    def ask(self) -> Config | SearchStep | None:
        """Return the next search step once the one before was told, then the derived config, then None."""
        if self._waiting or self._failures == ATTEMPTS or self._step > self.steps:
            return None
        self._waiting = True
        if self._step < self.steps:
            return SearchStep(METHOD, self._step, self.seed, self._options)
        return self._derived

    def tell(self, observation: Observation) -> None:
        """Count a finished step and keep the config derived at it; count a failed one as a failure."""
        self._waiting = False
        if observation.search is not None and observation.status is not Status.OK:
            self._failures += 1
            return
        self._failures = 0
        self._step += 1
        if observation.search is None:
            return
        if self.keep == "best":
            accuracy = observation.curve[-1].metrics["discrete_val_accuracy"]
            if accuracy <= self._best:
                return
            self._best = accuracy
        self._derived = observation.config


def _check(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise NbsError(f"drnas: {option} must be {' or '.join(map(repr, allowed))}, not {value!r}")
