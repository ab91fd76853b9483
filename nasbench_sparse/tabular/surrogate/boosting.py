"""Gradient boosting: one sequence of small trees for each output, fitted by scikit-learn, kept as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench_sparse.errors import TableError
from nasbench_sparse.tabular.surrogate.features import Float32s
from nasbench_sparse.tabular.surrogate.trees import UNIT, Forest

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Boosting:
    """Parameters of the trees; chosen by held-out error among depths 3 and 4, and against extremely
    randomised trees, on 300 configs each of operators with hyperparameters and of cells.

    Args:
        trees: of each output.
        depth: edges from root to leaf, at most.
        rate: what each tree adds of what it was fitted to.
        leaf: least configs in a leaf.
    """

    trees: int = 200
    depth: int = 3
    rate: float = 0.06
    leaf: int = 5

    def fit(self, features: Float32s, targets: Sequence[tuple[npt.NDArray[np.int64], Floats]], seed: int) -> Forest:
        """Fit a forest.

        Args:
            features: (configs, columns).
            targets: for each output the rows it is known of, and its values there.
            seed: of scikit-learn's generator, which draws the rows that large tables are binned by.
        Raises:
            TableError: scikit-learn's trees are not kept as they were when this was written.
        """
        from sklearn.ensemble import HistGradientBoostingRegressor

        models: list[list[Floats]] = []
        for rows, values in targets:
            model = HistGradientBoostingRegressor(
                max_iter=self.trees,
                max_depth=self.depth,
                learning_rate=self.rate,
                min_samples_leaf=self.leaf,
                early_stopping=False,
                random_state=seed,
            ).fit(features[rows], values)
            models.append([_leaf(float(np.ravel(model._baseline_prediction)[0]))])
            models[-1] += [each.nodes for (each,) in model._predictors]
            _check(pack([models[-1]]), features[rows[:20]], model.predict(features[rows[:20]]))
        return pack(models)


_NODE = [("feature_idx", "i8"), ("num_threshold", "f8"), ("left", "i8"), ("right", "i8"), ("is_leaf", "u1")]


def _leaf(value: float) -> Any:
    """Return a tree that is a single leaf."""
    nodes = np.zeros(1, dtype=[*_NODE, ("value", "f8")])
    nodes["value"], nodes["is_leaf"] = value, 1
    return nodes


def pack(models: Sequence[Sequence[Any]]) -> Forest:
    """Lay scikit-learn's trees out as a `Forest`.

    Args:
        models: for each output its trees, as many for each; a tree is an array of nodes with fields feature_idx,
            num_threshold, left, right, is_leaf and value.
    """
    columns: list[list[tuple[int, float, int, int]]] = []
    roots, start, depth = [], 0, 0
    for nodes in (tree for trees in models for tree in trees):
        laid, edges = _laid_out(nodes, start)
        columns.append(laid)
        roots.append(start)
        start, depth = start + len(laid), max(depth, edges)
    rows = [row for laid in columns for row in laid]
    feature, threshold, child, value = (np.array(column) for column in zip(*rows, strict=True))
    return Forest(
        feature.astype(np.int16),
        _rounded_down(threshold),
        child.astype(np.int32),
        value.astype(np.int32),
        np.array(roots, dtype=np.int32).reshape(len(models), -1),
        depth,
    )


def _laid_out(nodes: Any, start: int) -> tuple[list[tuple[int, float, int, int]], int]:
    """Return a tree's rows with siblings side by side, level by level, and its depth."""
    rows: list[tuple[int, float, int, int]] = []
    level, free, depth = [0], start + 1, -1
    while level:
        following: list[int] = []
        for index in level:
            node = nodes[index]
            if node["is_leaf"]:
                rows.append((0, np.inf, start + len(rows), round(float(node["value"]) / UNIT)))
            else:
                rows.append((int(node["feature_idx"]), float(node["num_threshold"]), free, 0))
                following += [int(node["left"]), int(node["right"])]
                free += 2
        level, depth = following, depth + 1
    return rows, depth


def _rounded_down(threshold: Floats) -> Float32s:
    """Return thresholds that part the same 32-bit numbers."""
    rounded = threshold.astype(np.float32)
    above = rounded.astype(np.float64) > threshold
    return np.where(above, np.nextafter(rounded, np.float32(-np.inf)), rounded).astype(np.float32)


def _check(forest: Forest, features: Float32s, expected: Floats) -> None:
    found = np.array([forest.outputs(row)[0] for row in features])
    if not np.allclose(found, expected, atol=1e-3):
        import sklearn

        raise TableError(f"the trees of scikit-learn {sklearn.__version__} are kept in another way; use 1.5 to 1.9")
