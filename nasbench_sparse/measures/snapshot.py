"""A network at one moment, with what several measures share computed once."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures.context import MeasureContext
from nasbench_sparse.measures.units import DeadUnits, count_dead_units
from nasbench_sparse.nn.networks import prunable_layers


class Snapshot:
    """What measures read.

    Raises:
        TaskError: the masks do not fit the network's prunable layers.
    """

    def __init__(self, context: MeasureContext) -> None:
        self.context = context
        self.layers = prunable_layers(context.network)
        shapes, given = [w.shape for _, w in self.layers], [m.shape for m in context.masks]
        if shapes != given:
            raise TaskError(
                f"masks of shapes {[tuple(s) for s in given]} given for prunable layers of "
                f"{[tuple(s) for s in shapes]}; one mask for each layer is needed, of its weight's shape"
            )

    @cached_property
    def gradients(self) -> dict[str, Tensor]:
        """Gradient of the mean loss over all examples, for each trained parameter by name.

        The network is in training mode, as it is when it is trained on these batches; a batch counts by its number
        of examples. Gradients of pruned weights are not masked.

        Raises:
            TaskError: there are no data.
        """
        context = self.context
        named = [(name, p) for name, p in context.network.named_parameters() if p.requires_grad]
        totals = [torch.zeros_like(p) for _, p in named]
        examples = 0
        context.network.train()
        with torch.enable_grad():
            for x, y in context.batches():
                loss = context.loss(context.network(x), y)
                parts = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
                examples += len(y)
                for total, part in zip(totals, parts, strict=True):
                    if part is not None:
                        total.add_(part, alpha=len(y))
        if not examples:
            raise TaskError("gradients need data, and the context's batches hold none")
        return {name: total / examples for (name, _), total in zip(named, totals, strict=True)}

    @property
    def layer_gradients(self) -> list[Tensor]:
        """Gradient of each prunable layer's weight, zeros where the weight is not trained."""
        zeros = (torch.zeros_like(weight) for _, weight in self.layers)
        return [
            self.gradients.get(f"{name}.weight", zero) for (name, _), zero in zip(self.layers, zeros, strict=True)
        ]

    @cached_property
    def dead_units(self) -> tuple[DeadUnits, ...]:
        """Units that are zero after activation, for each activation site; see `count_dead_units`."""
        return count_dead_units(self.context, self.layers)
