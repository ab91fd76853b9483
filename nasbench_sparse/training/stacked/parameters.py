"""Moves the parameters and optimizer state of trainings into the rows of a stack and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasbench_sparse.nn.sites import sites_of
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.stacked.block import Block, Piece, aligned
from nasbench_sparse.training.stacked.operators import is_of_units
from nasbench_sparse.training.stacked.optimizers import initial_state, state_names
from nasbench_sparse.training.stacked.site import SiteColumns


@dataclass(slots=True)
class Parameters:
    """Two blocks, of weights and of the activations' parameters, and where each parameter is in them.

    Args:
        starts: column of each parameter of the network proper, by name.
        columns: of each activation site.
    """

    weights: Block
    activations: Block
    starts: dict[str, int]
    columns: list[SiteColumns]

    def places(self, training: Training) -> list[tuple[nn.Parameter, Block, int]]:
        """Return each parameter of a training with its block and the column it begins at."""
        named = dict(training.network.named_parameters())
        found = [(named[name], self.weights, start) for name, start in self.starts.items()]
        for columns, module in zip(self.columns, sites_of(training.network).values(), strict=True):
            found += [(parameter, self.activations, start) for parameter, start in columns.places(module)]
        return found

    @torch.no_grad()
    def load(self, row: int, training: Training) -> None:
        """Fill a row; a training that has not begun brings no optimizer state."""
        for parameter, block, start in self.places(training):
            tensor, columns = block.tensor_index(start), slice(start, start + parameter.numel())
            block.values[row, columns] = parameter.flatten()
            block.trained[row, tensor] = training.masks.survivors(parameter)
            kept = training.optimizer.state.get(parameter, {})
            for name in state_names(training.recipe):
                if kept.get(name) is not None:
                    block.state[name][row, tensor if name == "weight_sum" else columns] = kept[name].flatten()

    @torch.no_grad()
    def save(self, row: int, training: Training) -> None:
        """Write a row back into its training."""
        for parameter, block, start in self.places(training):
            columns = slice(start, start + parameter.numel())
            parameter.copy_(block.values[row, columns].view_as(parameter))
            state = training.optimizer.state[parameter]
            for name in state_names(training.recipe):
                state[name] = self._state(name, row, block, start, parameter)

    def _state(self, name: str, row: int, block: Block, start: int, parameter: nn.Parameter) -> Tensor:
        matrix = block.state[name]
        if name == "weight_sum":
            return matrix[row, block.tensor_index(start)].clone()
        return matrix[row, start : start + parameter.numel()].view_as(parameter).clone()

    def clear(self, row: int) -> None:
        """Set a row to zero."""
        self.weights.clear(row)
        self.activations.clear(row)


def allocate(slots: int, trainings: Sequence[Training]) -> Parameters:
    """Return zeros for `slots` trainings like these, whose networks may differ in their activations only."""
    network = trainings[0].network
    pieces, starts, start = [], {}, 0
    for name, parameter in network.named_parameters():
        if not name.startswith("sites."):
            starts[name] = start
            pieces.append(Piece(start, 1, aligned(parameter.numel())))
            start += pieces[-1].size
    columns = _columns(trainings)
    weights = Block.empty(slots, pieces)
    activations = Block.empty(slots, [piece for site in columns for piece in site.pieces])
    for training in trainings:
        for name in state_names(training.recipe):
            for block in (weights, activations):
                if name not in block.state:
                    block.state[name] = initial_state(name, block)
    return Parameters(weights, activations, starts, columns)


def _columns(trainings: Sequence[Training]) -> list[SiteColumns]:
    """Return the columns of each site; none where no slot trains any parameter of an activation."""
    names = [name for t in trainings for name, _ in sites_of(t.network).named_parameters()]
    vectors = any(is_of_units(name) for name in names)
    columns: list[SiteColumns] = []
    start = 0
    for units in sites_of(trainings[0].network).units.values():
        columns.append(SiteColumns(start, units, vectors, empty=not names))
        start += sum(piece.count * piece.size for piece in columns[-1].pieces)
    return columns
