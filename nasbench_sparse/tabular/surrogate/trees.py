"""Boosted regression trees as arrays of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nasbench_sparse.errors import DamagedTable
from nasbench_sparse.tabular.surrogate.features import Float32s

Floats = npt.NDArray[np.float64]

UNIT = 2.0**-20
"""What a leaf's integer counts. Sums of integers are exact in any order: every machine has the same bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Several outputs, each the sum of as many trees.

    A node whose feature is at most its threshold is followed by `child`, else by the node after that; a leaf is
    its own child and has threshold infinity, so that every path may be walked to the full depth.

    Args:
        feature, threshold, child, value: (nodes,) int16, float32, int32, and int32 in units of `UNIT`.
        roots: (outputs, trees) numbers of nodes.
        depth: edges of the longest path.
    """

    feature: npt.NDArray[np.int16]
    threshold: Float32s
    child: npt.NDArray[np.int32]
    value: npt.NDArray[np.int32]
    roots: npt.NDArray[np.int32]
    depth: int

    def outputs(self, features: Float32s) -> Floats:
        """Return the outputs (outputs,) of one config's features (columns,)."""
        node = self.roots
        for _ in range(self.depth):
            node = self.child[node] + (features[self.feature[node]] > self.threshold[node])
        total: Floats = self.value[node].sum(axis=1, dtype=np.int64) * UNIT
        return total

    def check(self, columns: int) -> None:
        """Check that no walk leaves the arrays.

        Raises:
            DamagedTable: a node, feature or root does not exist.
        """
        nodes = len(self.feature)
        lengths = {nodes, len(self.threshold), len(self.child), len(self.value)}
        own = np.arange(nodes)
        leaf = np.isinf(self.threshold)
        sound = (
            len(lengths) == 1
            and not np.isnan(self.threshold).any()
            and bool((self.child[leaf] == own[leaf]).all())
            and bool(((self.child > own) & (self.child + 1 < nodes))[~leaf].all())
            and bool(((self.feature >= 0) & (self.feature < columns)).all())
            and self.roots.ndim == 2
            and bool(((self.roots >= 0) & (self.roots < nodes)).all())
        )
        if not sound:
            raise DamagedTable("the surrogate's trees contradict themselves; fit it again (`table fit`)")
