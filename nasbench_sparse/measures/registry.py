"""Measures by name. Each is a function of a snapshot that returns numbers by metric name."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.errors import UnknownName, unknown

if TYPE_CHECKING:
    from nasbench_sparse.measures.context import MeasureContext

HOMES = {
    "density": "layer_density",
    "dnr": "dead_neurons",
    "dnr_dynamic": "dead_neurons",
    "dnr_static": "dead_neurons",
    "egf_1": "effective_gradient_flow",
    "egf_2": "effective_gradient_flow",
    "flops": "flops",
    "grad_norm_1": "gradient_norm",
    "grad_norm_2": "gradient_norm",
    "stored_bytes": "stored_bytes",
    "top_5_accuracy": "top_accuracy",
    "weight_histogram": "weight_histogram",
    "weight_quantiles": "weight_quantiles",
}
"""The module of this package in which the function of that name stands."""

_NAME = re.compile(r"(?P<measure>[^\[\]]+)(?:\[(?P<count>[1-9][0-9]*)\])?")


def measure_names() -> tuple[str, ...]:
    """Return the names of all measures."""
    return tuple(sorted(HOMES))


def check_names(names: Sequence[str]) -> None:
    """Check names before anything is trained; see `take`.

    Raises:
        UnknownName: one is unknown, or is not written `measure` or `measure[batches]`.
    """
    for name in names:
        _parsed(name)


def take(names: Sequence[str], context: MeasureContext) -> dict[str, float]:
    """Measure a network; whatever several measures need is computed once, and nothing is left changed.

    Parameters, buffers, gradients, modes of modules and random generators are the same bits afterwards.

    Args:
        names: of measures. `egf_2[8]` uses the first 8 batches of the training data instead of all, and its metrics
            have that name: `egf_2[8]`; the count is without effect on measures of weights alone.
        context: the network and the data.
    Returns:
        Values by metric name: the measure's own, or `measure/part` for parts such as layers and activation sites.
    Raises:
        UnknownName: see `check_names`.
        TaskError: the masks do not fit the network, or there are no data.
    """
    from nasbench_sparse.measures.snapshot import Snapshot
    from nasbench_sparse.measures.untouched import untouched

    parsed = [_parsed(name) for name in names]
    found: dict[str, float] = {}
    with untouched(context.network):
        snapshots = {n: Snapshot(context if n is None else context.first(n)) for _, n in parsed}
        for measure, count in parsed:
            module = importlib.import_module(f"nasbench_sparse.measures.{HOMES[measure]}")
            values: dict[str, float] = getattr(module, measure)(snapshots[count])
            suffix = "" if count is None else f"[{count}]"
            found.update({_suffixed(name, suffix): value for name, value in values.items()})
    return found


def _parsed(name: str) -> tuple[str, int | None]:
    """Split a name into the measure and the number of batches, None for all."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise UnknownName(
            f"measure {name!r} cannot be read; write a name such as 'egf_2', or 'egf_2[8]' for 8 batches"
        )
    if found["measure"] not in HOMES:
        raise unknown("measure", found["measure"], HOMES)
    return found["measure"], None if found["count"] is None else int(found["count"])


def _suffixed(metric: str, suffix: str) -> str:
    measure, slash, part = metric.partition("/")
    return f"{measure}{suffix}{slash}{part}"
