"""torchvision, also where its compiled operators do not fit the installed torch.

The wheels on the package index are CUDA builds: with a CPU build of torch their operators cannot be loaded, and the
import fails because it describes operators that do not exist. Declaring those two is enough for data sets,
transforms and models, none of which calls them. Nothing is declared where torchvision's own operators load.
"""

from __future__ import annotations

import functools
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from nasbench_sparse.errors import NbsError

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@functools.cache
def load_torchvision() -> ModuleType:
    """Return the module torchvision, imported.

    Raises:
        NbsError: torchvision is not installed.
    """
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise NbsError("torchvision is not installed; `pip install nasbench-sparse[vision]` brings it")
    if _operators_load(Path(spec.origin).parent):
        return import_module("torchvision")
    from torch.library import Library

    library = Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for schema in SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    module = import_module("torchvision")
    module.__dict__["_declared_operators"] = library  # declarations end with the object that holds them
    return module


def _operators_load(folder: Path) -> bool:
    """Return whether torchvision's compiled operators load into this torch."""
    import torch

    try:
        for path in [*folder.glob("_C.so"), *folder.glob("_C.*.so"), *folder.glob("_C*.pyd")]:
            torch.ops.load_library(path)  # type: ignore[no-untyped-call]
            return True
    except OSError:
        return False
    return False
