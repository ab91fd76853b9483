"""Sparse and dense multilayer perceptrons of the same capacity (SC-SDC)."""

from __future__ import annotations

from itertools import pairwise

from nasbench_sparse.core.blueprint import Network
from nasbench_sparse.errors import TaskError


def same_capacity_network(
    inputs: int,
    dense_width: int,
    width: int,
    depth: int,
    classes: int = 10,
    batch_norm: bool = False,
    skip: bool = False,
) -> Network:
    """Describe a perceptron whose weights, once masked, have the variance of a narrower dense one.

    Args:
        dense_width: units of each hidden layer of the dense network.
        width: of the sparse one; equal to `dense_width` it is the dense network itself.
        depth: number of hidden layers.

    References:
        Tessera's thesis, section 3.2: no biases, and He's normal initialisation with the dense network's fan-in.
    """
    _refuse_narrower(dense_width, width)
    return Network(
        "sc_sdc_mlp",
        (
            ("inputs", inputs),
            ("hidden", (width,) * depth),
            ("classes", classes),
            ("batch_norm", batch_norm),
            ("skip", skip),
            ("initialisation", "kaiming_normal"),
            ("fans", (inputs, *(dense_width,) * depth)),
        ),
    )


def same_capacity_densities(
    inputs: int, dense_width: int, width: int, depth: int, classes: int = 10
) -> tuple[float, ...]:
    """Return the density of each layer at which the sparse network has the dense one's active weights.

    round(density * n) is exactly the dense layer's number of weights.
    """
    _refuse_narrower(dense_width, width)
    dense = (inputs, *(dense_width,) * depth, classes)
    sparse = (inputs, *(width,) * depth, classes)
    counts = zip(pairwise(dense), pairwise(sparse), strict=True)
    return tuple((a * b) / (c * d) for (a, b), (c, d) in counts)


def _refuse_narrower(dense_width: int, width: int) -> None:
    if not 0 < dense_width <= width:
        raise TaskError(f"a dense width of {dense_width} is not between 1 and the sparse width, {width}")
