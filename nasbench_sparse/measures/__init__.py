"""Measures: numbers that describe a network at one moment of its training, beside its losses.

They are recorded in `CurvePoint.metrics`. Taking them changes nothing: a training with measures is bit-identical to
one without. Importing this package loads no torch.
"""

from nasbench_sparse.measures.context import MeasureContext
from nasbench_sparse.measures.points import eleven_point_mean, eleven_points
from nasbench_sparse.measures.registry import check_names, measure_names, take

__all__ = ["MeasureContext", "check_names", "eleven_point_mean", "eleven_points", "measure_names", "take"]
