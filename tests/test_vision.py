"""torchvision loads, whatever torch is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from nasbench_sparse import vision
from nasbench_sparse.errors import NbsError


@pytest.mark.skipif(find_spec("torchvision") is None, reason="torchvision is an optional extra")
def test_load_torchvision_gives_data_sets_transforms_and_models() -> None:
    code = (
        "import gc, torch; from nasbench_sparse.vision import load_torchvision; "
        "tv = load_torchvision(); gc.collect(); "
        "import torchvision.transforms.v2 as v2; assert tv is load_torchvision(); "
        "assert v2.functional.horizontal_flip(torch.tensor([[[1, 2]]])).tolist() == [[[2, 1]]]; "
        "print(tv.datasets.CIFAR10.__name__, tv.models.resnet18.__name__)"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("CIFAR10 resnet18\n", "")


def test_load_torchvision_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "find_spec", lambda name: None)
    with pytest.raises(NbsError, match=r"pip install nasbench-sparse\[vision\]"):
        vision.load_torchvision.__wrapped__()
