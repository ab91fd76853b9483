"""Paper suites: each table and figure of a paper, as trainings at three scales and a way to show them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any

from nasbench_sparse.errors import unknown
from nasbench_sparse.tasks.papers.artefact import Artefact, Claim

MODULES = ("sc_sdc", "wide_resnet", "snas", "ap", "asni", "safs", "grafs")
"""Each has a function `artefacts`, and those with headline claims `claims`; no torch is imported."""


@cache
def artefacts() -> dict[str, Artefact]:
    """Return every artefact by name, paper after paper."""
    return {item.name: item for module in _modules() for item in module.artefacts()}


@cache
def claims() -> dict[str, Claim]:
    """Return every headline claim by name."""
    return {claim.name: claim for module in _modules() if hasattr(module, "claims") for claim in module.claims()}


def load_artefact(name: str) -> Artefact:
    """Find an artefact by name.

    Raises:
        UnknownName: no such artefact; the nearest names are given.
    """
    known = artefacts()
    if name not in known:
        raise unknown("artefact", name, known)
    return known[name]


def _modules() -> Iterator[Any]:
    for name in MODULES:
        yield importlib.import_module(f"nasbench_sparse.tasks.papers.{name}")
