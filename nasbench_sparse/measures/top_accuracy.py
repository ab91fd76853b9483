"""Accuracy within the five largest outputs, as reported beside the usual one for data of many classes."""

from __future__ import annotations

import torch

from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures.snapshot import Snapshot

COUNT = 5


def top_5_accuracy(snapshot: Snapshot) -> dict[str, float]:
    """Return the share of validation targets among the five largest logits; 1 where there are at most five classes.

    Test examples are never looked at, since a search sees the metrics of a curve.

    Raises:
        TaskError: there are no validation data.
    """
    context = snapshot.context
    if context.validation is None:
        raise TaskError("measure 'top_5_accuracy' needs validation data, and the context has none")
    context.network.eval()
    right, targets = 0, 0
    with torch.no_grad():
        for x, y in context.validation():
            logits = context.network(x)  # (B, classes), or (B, T, vocabulary)
            best = logits.topk(min(COUNT, logits.shape[-1]), dim=-1).indices
            right += int((best == y.unsqueeze(-1)).sum())
            targets += y.numel()
    if not targets:
        raise TaskError("measure 'top_5_accuracy' needs validation data, and the context's hold none")
    return {"top_5_accuracy": right / targets}
