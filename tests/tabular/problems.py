"""Tasks of the tests, importable by other processes."""

from __future__ import annotations

from nasbench_sparse.testing.problems import Fault, SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace

DIVERGES = Fault("diverge", (("gene_0", "tanh"), ("gene_1", "tanh")))

TASK = SyntheticTask(name="small", space=ChromosomeSpace(length=2), faults=(DIVERGES,), replicates=3)

ONE_SHOT = SyntheticTask(name="one-shot", space=ChromosomeSpace(length=2), search_steps=True)

FOLDED = SyntheticTask(name="folded", space=ChromosomeSpace(length=2), folds=2)
