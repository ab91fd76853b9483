"""Plain gradient norms: the baselines that effective gradient flow is compared with.

    gf_p = || g ||_p

g is the gradient of all trained parameters concatenated: that of masked weights, biases and normalisations is
included.

References:
    Tessera's thesis on sparse networks, equation 3.5.
"""

from __future__ import annotations

from nasbench_sparse.measures.snapshot import Snapshot


def grad_norm_1(snapshot: Snapshot) -> dict[str, float]:
    """Return the sum of absolute values."""
    return {"grad_norm_1": sum(g.double().abs().sum().item() for g in snapshot.gradients.values())}


def grad_norm_2(snapshot: Snapshot) -> dict[str, float]:
    """Return the Euclidean norm."""
    return {"grad_norm_2": sum(g.double().square().sum().item() for g in snapshot.gradients.values()) ** 0.5}
