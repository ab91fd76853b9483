"""Effective gradient flow: the mean over layers of the norm of active weights' gradients.

    EGF_p = (1 / L) sum_l || dC/dtheta_l * m_l ||_p

C is the mean loss over the data, theta_l the weight of prunable layer l, m_l its mask. The gradient of a masked
weight is not zero, though it influences nothing, so it is multiplied by the mask.

References:
    Tessera's thesis on sparse networks, equations 3.6 and 3.7.
"""

from __future__ import annotations

from nasbench_sparse.measures.snapshot import Snapshot


def egf_1(snapshot: Snapshot) -> dict[str, float]:
    """Return EGF_1."""
    return {"egf_1": _flow(snapshot, 1)}


def egf_2(snapshot: Snapshot) -> dict[str, float]:
    """Return EGF_2, the thesis's main measure."""
    return {"egf_2": _flow(snapshot, 2)}


def _flow(snapshot: Snapshot, p: int) -> float:
    pairs = zip(snapshot.layer_gradients, snapshot.context.masks, strict=True)
    norms: list[float] = [(gradient.double() * mask).norm(p).item() for gradient, mask in pairs]
    return sum(norms) / len(norms)
