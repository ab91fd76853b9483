"""Where trainings compute."""

from __future__ import annotations

import pytest
import torch

from nasbench_sparse.errors import NbsError
from nasbench_sparse.training.device import split_on, training_device
from tests.training.small import small_task, small_trial, without_seconds


def test_device_is_the_processor_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASBENCH_SPARSE_DEVICE", raising=False)
    assert training_device() == torch.device("cpu")


def test_unknown_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_SPARSE_DEVICE", "tpu")
    with pytest.raises(NbsError, match="allowed are cpu, cuda and auto"):
        training_device()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_missing_cuda_is_said_or_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_SPARSE_DEVICE", "cuda")
    with pytest.raises(NbsError, match="sees no CUDA device"):
        training_device()
    monkeypatch.setenv("NASBENCH_SPARSE_DEVICE", "auto")
    assert training_device() == torch.device("cpu")


def test_data_are_moved_once() -> None:
    device = torch.device("cpu")
    assert split_on(device, "digits", 1, 0) is split_on(device, "digits", 1, 0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_training_on_cuda_is_near_that_on_the_processor_and_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    task = small_task()
    here, _ = task.evaluate(small_trial(3))
    monkeypatch.setenv("NASBENCH_SPARSE_DEVICE", "cuda")
    whole, _ = task.evaluate(small_trial(3))
    _, checkpoint = task.evaluate(small_trial(1))
    continued, _ = task.evaluate(small_trial(3), checkpoint)
    assert without_seconds(continued.curves) == without_seconds(whole.curves)
    assert whole.curve[0].val_loss == pytest.approx(here.curve[0].val_loss, rel=1e-2)
