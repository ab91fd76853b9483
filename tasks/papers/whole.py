"""Data sets of which a paper trains on the whole training part."""

from __future__ import annotations

SAYS_WHOLE = "trained on all of the training part but one image in 10,000"


def whole(dataset: str) -> str:
    """Return the name of a data set that leaves one training image in 10,000 for validation, which must have some.

    MNIST keeps 59,994 of 60,000 images and CIFAR 49,995 of 50,000, so that an epoch has the printed iterations.
    """
    return f"{dataset}:validation=0.0001"
