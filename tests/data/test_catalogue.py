from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_sparse.data.catalogue import DATASETS, dataset_info
from nasbench_sparse.data.place import VARIABLE, directory
from nasbench_sparse.errors import TaskError, UnknownName


def test_dataset_info_reads_options() -> None:
    assert dataset_info("cifar10:validation=0.1").validation_share == 0.1
    info = dataset_info("tinystories:block=128,validation=0.05")
    assert (info.shape, info.validation_share) == ((128,), 0.05)
    assert dataset_info("tinystories").classes == 50304


@pytest.mark.parametrize("value", ["0", "0.3", "0.9", "-0.1", "a", ""])
def test_dataset_info_refuses_shares_that_do_not_divide_one(value: str) -> None:
    with pytest.raises(TaskError, match=r"one over a whole number from 2"):
        dataset_info(f"mnist:validation={value}")


def test_dataset_info_refuses_unknown_options() -> None:
    with pytest.raises(UnknownName, match=r"allowed is validation$"):
        dataset_info("mnist:block=3")
    with pytest.raises(TaskError, match="whole numbers from 1"):
        dataset_info("python-docs:block=0")


def test_images_have_their_published_sizes() -> None:
    sizes = {name: (info.examples, info.test_examples) for name, info in DATASETS.items() if info.test_examples}
    assert sizes == {
        "mnist": (70_000, 10_000),
        "fashion-mnist": (70_000, 10_000),
        "cifar10": (60_000, 10_000),
        "cifar100": (60_000, 10_000),
        "svhn": (73_257 + 26_032, 26_032),
        "imagenet16": (1_281_167 + 50_000, 50_000),
        "imagenet": (1_281_167 + 50_000, 50_000),
    }


def test_directory_prefers_the_argument_then_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert directory() == tmp_path
    assert directory(tmp_path / "other") == tmp_path / "other"
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert directory() == tmp_path / "nasbench-sparse" / "data"


def test_declarations_load_nothing_heavy() -> None:
    code = (
        "import sys; from nasbench_sparse.data.catalogue import DATASETS; import nasbench_sparse.training.data; "
        "print([name for name in ('torch', 'torchvision', 'PIL', 'scipy', 'sklearn') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_documentation_has_a_row_for_each_data_set() -> None:
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    assert [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")][: len(DATASETS)] == list(
        DATASETS
    )
