"""One activation site of all slots: each kind of activation is evaluated once, for the slots that have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Activation
from nasbench_sparse.nn.operators import Scaled
from nasbench_sparse.training.stacked.block import ALIGNMENT, Block, Piece, aligned
from nasbench_sparse.training.stacked.operators import UNIT_PARAMETERS, StackedActivation, is_of_units, kind

NUMBERS = 8
"""Single numbers that an activation may train: a cell has six gammas at most."""


@dataclass(frozen=True, slots=True)
class SiteColumns:
    """Where a site's parameters are in a block: 8 numbers and a gap, then 4 vectors of units if any slot has them.

    Nothing at all if it is empty.
    """

    start: int
    units: int
    vectors: bool
    empty: bool

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The columns, divided into tensors."""
        if self.empty:
            return ()
        numbers = Piece(self.start, ALIGNMENT, 1)
        if not self.vectors:
            return (numbers,)
        return numbers, Piece(self.start + ALIGNMENT, len(UNIT_PARAMETERS), aligned(self.units))

    def places(self, module: nn.Module) -> list[tuple[nn.Parameter, int]]:
        """Return each parameter of a slot's activation and the column it begins at."""
        number, vector = self.start, self.start + ALIGNMENT
        found = []
        for name, parameter in module.named_parameters():
            if is_of_units(name):
                found.append((parameter, vector))
                vector += aligned(self.units)
            else:
                found.append((parameter, number))
                number += 1
        return found

    def numbers(self, matrix: Tensor) -> Tensor:
        """Return (K, 8, 1, 1), a view."""
        return matrix[:, self.start : self.start + NUMBERS, None, None]

    def of_units(self, matrix: Tensor) -> Tensor:
        """Return (K, 4, 1, units), a view."""
        start = self.start + ALIGNMENT
        end = start + len(UNIT_PARAMETERS) * aligned(self.units)
        vectors: Tensor = matrix[:, start:end].view(len(matrix), len(UNIT_PARAMETERS), aligned(self.units))
        return vectors[:, :, None, : self.units]


class Site:
    """Evaluates a site and carries gradients back through it.

    The scales of alpha f(beta x) are applied to all slots at once; unscaled slots have 1, which changes no bit.

    Args:
        activations: of each slot; None where nothing is trained, whose output is zero.
        modules: the slots' own activations, likewise.
    """

    def __init__(
        self,
        activations: Sequence[Activation | None],
        modules: Sequence[nn.Module | None],
        columns: SiteColumns,
        block: Block,
    ) -> None:
        self.columns, self.block = columns, block
        groups: dict[Activation, list[int]] = {}
        for slot, activation in enumerate(activations):
            if activation is not None:
                groups.setdefault(kind(activation), []).append(slot)
        rows = [slot for group in groups.values() for slot in group]
        own = {slot: module for slot, module in enumerate(modules) if module is not None}
        self._functions = [StackedActivation([own[slot] for slot in group]) for group in groups.values()]
        self._sizes = [len(group) for group in groups.values()]
        self._skipped = [2 if isinstance(own[group[0]], Scaled) else 0 for group in groups.values()]
        self._seats = Seats(rows, len(modules))
        scaled = torch.tensor([isinstance(own[slot], Scaled) for slot in rows])
        self._scaled = scaled[:, None, None, None] if bool(scaled.any()) else None
        self._numbers = any(function.numbers for function in self._functions)
        self._vectors = any(function.vectors for function in self._functions)
        self._tape: _Tape | None = None

    def forward(self, x: Tensor, learn: bool) -> Tensor:
        """Return the activations of x (K, B, units); if `learn`, `backward` may follow."""
        plain = self._seats.pick(x)
        scales = None
        inner = plain
        if self._scaled is not None:
            numbers = self._seats.pick(self.columns.numbers(self.block.values))[:, :2]
            scales = torch.where(self._scaled, numbers, 1.0)
            inner = plain * scales[:, 1]
        leaves = [inner.detach()]
        if self._numbers:
            leaves.append(self._seats.pick(self.columns.numbers(self.block.values)).detach())
        if self._vectors:
            leaves.append(self._seats.pick(self.columns.of_units(self.block.values)).detach())
        for leaf in leaves:
            leaf.requires_grad_(learn)
        with torch.set_grad_enabled(learn):
            output = self._evaluate(leaves)
        self._tape = _Tape(plain, scales, leaves, output) if learn else None
        y = output.detach()
        return self._seats.put(y if scales is None else y * scales[:, 0])

    def _evaluate(self, leaves: Sequence[Tensor]) -> Tensor:
        """Return f, group by group, at the first leaf; the others hold the parameters."""
        inputs = leaves[0].split_with_sizes(self._sizes)
        numbers = leaves[1].split_with_sizes(self._sizes) if self._numbers else None
        vectors = leaves[-1].split_with_sizes(self._sizes) if self._vectors else None
        outputs = []
        for i, (function, x) in enumerate(zip(self._functions, inputs, strict=True)):
            single = numbers[i].unbind(1)[self._skipped[i] :] if numbers is not None and function.numbers else ()
            wide = vectors[i].unbind(1) if vectors is not None and function.vectors else ()
            outputs.append(function(x, single, wide))
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def backward(self, gradient: Tensor) -> Tensor:
        """Return the gradient at the input, given that at the output; write those of the parameters."""
        tape, self._tape = self._tape, None
        assert tape is not None
        gradient = self._seats.pick(gradient)
        if tape.scales is None:
            found = torch.autograd.grad(tape.output, tape.leaves, gradient)
            inward = found[0]
        else:
            of_alpha = (gradient * tape.output.detach()).sum((1, 2))
            found = torch.autograd.grad(tape.output, tape.leaves, gradient * tape.scales[:, 0])
            of_beta = (found[0] * tape.plain).sum((1, 2))
            inward = found[0] * tape.scales[:, 1]
        if self._numbers:
            self.columns.numbers(self.block.gradients).copy_(self._seats.put(found[1]))
        if self._vectors:
            self.columns.of_units(self.block.gradients).copy_(self._seats.put(found[-1]))
        if self._scaled is not None:
            pair = torch.stack((of_alpha, of_beta), 1)[:, :, None, None].mul_(self._scaled)
            written = self.columns.numbers(self.block.gradients)[:, :2]
            written.copy_(self._seats.put(pair) if not self._numbers else written + self._seats.put(pair))
        return self._seats.put(inward)


@dataclass(frozen=True, slots=True)
class _Tape:
    """What a backward pass needs: the input, the (n, 2, 1, 1) scales, and f's leaves and output."""

    plain: Tensor
    scales: Tensor | None
    leaves: list[Tensor]
    output: Tensor


class Seats:
    """The order in which live slots are evaluated: those of one kind side by side.

    Args:
        rows: the live slots in that order.
        slots: K.
    """

    def __init__(self, rows: Sequence[int], slots: int) -> None:
        self._rows = None if list(rows) == list(range(slots)) else torch.tensor(rows)
        back = dict(zip(rows, range(len(rows)), strict=True))
        self._back = torch.tensor([back.get(slot, len(rows)) for slot in range(slots)])
        self._full = len(rows) == slots

    def pick(self, x: Tensor) -> Tensor:
        """Return the live slots' part of x (K, ...)."""
        return x if self._rows is None else x.index_select(0, self._rows)

    def put(self, x: Tensor) -> Tensor:
        """Undo `pick`, with zeros for the other slots."""
        if self._rows is None:
            return x
        full = x if self._full else torch.cat([x, x.new_zeros(1, *x.shape[1:])])
        return full.index_select(0, self._back)
