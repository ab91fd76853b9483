"""Where trainings compute: the processor, unless the environment names a GPU."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from nasbench_sparse.core.executor import DEVICE_VARIABLE
from nasbench_sparse.errors import NbsError
from nasbench_sparse.training.data import Split, split

if TYPE_CHECKING:
    import torch


def training_device() -> torch.device:
    """Return the device that `NASBENCH_SPARSE_DEVICE` asks for: cpu (the default), cuda, or auto.

    Bits differ between devices, as between processors: the store keeps the first recording, with its provenance.

    Raises:
        NbsError: another value, or cuda where torch sees none.
    """
    import torch

    asked = os.environ.get(DEVICE_VARIABLE, "cpu")
    if asked not in ("cpu", "cuda", "auto"):
        raise NbsError(f"{DEVICE_VARIABLE} is {asked!r}; allowed are cpu, cuda and auto")
    if asked == "cuda" and not torch.cuda.is_available():
        raise NbsError(f"{DEVICE_VARIABLE} is cuda, but torch {torch.__version__} sees no CUDA device here")
    if asked == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS is not deterministic
    torch.backends.cudnn.allow_tf32 = False
    return torch.device("cuda")


@cache
def split_on(device: torch.device, name: str, folds: int, fold: int) -> Split:
    """Return a fold's parts on a device, moved there once per process."""
    train, val, test = ((x.to(device), y.to(device)) for x, y in split(name, folds, fold))
    return Split(train, val, test)
