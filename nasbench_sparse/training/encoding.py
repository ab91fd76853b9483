"""Tensors and learning curves as safetensors bytes; floats come back bit for bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from nasbench_sparse.core.curve import Curve, CurvePoint


def pack(tensors: dict[str, Tensor], header: Any) -> bytes:
    """Serialise tensors and a JSON header (kept in the metadata; floats print in round-trip form)."""
    from safetensors.torch import save

    return save({k: t.detach().cpu().contiguous() for k, t in tensors.items()}, {"header": json.dumps(header)})


def unpack(data: bytes) -> tuple[dict[str, Tensor], Any]:
    """Undo `pack`."""
    from safetensors.torch import load

    size = int.from_bytes(data[:8], "little")  # safetensors: length of the JSON header, then the header
    return load(data), json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["header"])


def curve_to_json(curve: Sequence[CurvePoint]) -> list[list[Any]]:
    """Write a curve as rows of its fields."""
    return [[*point[:-1], dict(point.metrics)] for point in curve]


def curve_from_json(rows: list[list[Any]]) -> Curve:
    """Undo `curve_to_json`."""
    return tuple(CurvePoint(*row) for row in rows)


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Put `prefix` and a slash before each name."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def without_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Undo `prefixed`, leaving other names out."""
    start = f"{prefix}/"
    return {name[len(start) :]: tensor for name, tensor in tensors.items() if name.startswith(start)}
