"""What a state in the middle of a blueprint depends on, as JSON data: the name of shared trainings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nasbench_sparse.core.blueprint import Blueprint, Cycles, Phase, Prune, Train
from nasbench_sparse.core.declaration import declare, digest
from nasbench_sparse.core.phases import in_order
from nasbench_sparse.sparsity.scores import score_by_name
from nasbench_sparse.training.moment import activations_of, first_activations
from nasbench_sparse.training.pruning import runs_network
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.transitions import saves
from nasbench_sparse.training.version import ENGINE


def content_of(blueprint: Blueprint, count: int) -> list[Any]:
    """Return everything the state after `count` phases depends on, replicate and fold apart."""
    phases = tuple(_resolved(phase, blueprint) for phase in blueprint.phases[:count])
    content = [declare(blueprint.network), declare(phases)]
    if _looks_ahead(phases):
        content.append({"first activations": declare(first_activations(blueprint))})
    if saves(blueprint):
        content.append({"saves": declare(saves(blueprint))})
    return content


def key_of(blueprint: Blueprint, count: int, repetition: Repetition) -> str:
    """Return the hash of `content_of`, the repetition and the engine's version."""
    return digest([ENGINE, declare(repetition), *content_of(blueprint, count)], size=16)


def _resolved(phase: Any, blueprint: Blueprint) -> Any:
    """Return a phase whose trainings name their activations."""
    if isinstance(phase, Train):
        return replace(phase, activations=activations_of(blueprint, phase))
    if isinstance(phase, Cycles):
        body, fork = (tuple(_resolved(p, blueprint) for p in part) for part in (phase.body, phase.fork))
        return replace(phase, body=body, fork=fork)
    return phase


def _looks_ahead(phases: tuple[Phase, ...]) -> bool:
    """Whether a score runs the network before any training, with the activations of the first one."""
    for phase in in_order(phases):
        if isinstance(phase, Train):
            return False
        if isinstance(phase, Prune) and runs_network(score_by_name(phase.score)):
            return True
    return False
