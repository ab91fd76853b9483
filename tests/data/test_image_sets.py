from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from nasbench_sparse.data.catalogue import DATASETS
from nasbench_sparse.errors import DataError, TaskError
from nasbench_sparse.training.data import augmentation, pixel_scale, sources, split, split_indices
from nasbench_sparse.vision import load_torchvision
from tests.data.fixtures import images, md5, write_cifar_batch, write_cifar_meta, write_mnist_archives

Declare = Callable[[str, int, int], None]
LABELS = np.tile(np.arange(10, dtype=np.uint8), 4)


def _mnist(root: Path, monkeypatch: pytest.MonkeyPatch, cls: str = "MNIST") -> np.ndarray:
    train, test = images(40, 28, 28), images(20, 28, 28, seed=1)
    sums = write_mnist_archives(root / cls / "raw", (train, LABELS), (test, LABELS[:20]))
    monkeypatch.setattr(getattr(load_torchvision().datasets, cls), "resources", list(sums.items()))
    return np.concatenate([train, test])


@pytest.mark.parametrize(("name", "cls"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_mnist_is_unpacked_from_its_archives_and_read_in_order(
    name: str, cls: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = _mnist(root, monkeypatch, cls)
    assert DATASETS[name].origin is not None
    DATASETS[name].origin.download(root)
    inputs, labels = DATASETS[name].load()
    assert np.array_equal(inputs[:, 0], pixels)
    assert labels.tolist() == [*LABELS, *LABELS[:20]]


def test_mnist_refuses_a_truncated_file_and_mends_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = _mnist(root, monkeypatch)
    origin = DATASETS["mnist"].origin
    assert origin is not None
    origin.download(root)
    raw = root / "MNIST/raw/t10k-images-idx3-ubyte"
    raw.write_bytes(raw.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"'mnist' in .* is damaged"):
        DATASETS["mnist"].load()
    origin.download(root)
    assert np.array_equal(DATASETS["mnist"].load()[0][:, 0], pixels)


def test_a_missing_data_set_says_what_to_run(root: Path) -> None:
    for name, info in DATASETS.items():
        if not info.offline:
            with pytest.raises(DataError, match=f"run `nasbench-sparse data download {name}` first"):
                info.load()


def test_official_test_split_is_kept_and_channels_are_standardised(
    root: Path, monkeypatch: pytest.MonkeyPatch, published: Declare
) -> None:
    pixels = _mnist(root, monkeypatch)
    DATASETS["mnist"].origin.download(root)  # type: ignore[union-attr]
    published("mnist", 60, 20)
    train, val, test = split_indices("mnist:validation=0.5", 1, 0)
    assert test.tolist() == list(range(40, 60))
    assert sorted([*train, *val]) == list(range(40))
    assert np.bincount(LABELS[val], minlength=10).tolist() == [2] * 10  # half of each class
    parts = split("mnist:validation=0.5", 1, 0)
    seen = pixels[train].astype(np.float64)
    expected = (pixels[test].astype(np.float64) - seen.mean()) / seen.std()
    assert parts.test[0].shape == (20, 1, 28, 28)
    assert np.allclose(parts.test[0][:, 0].numpy(), expected, atol=1e-6)
    folds = [split_indices("mnist", 4, fold)[1] for fold in range(4)]
    assert sorted(np.concatenate(folds)) == list(range(40))
    order = torch.arange(19, -1, -1)
    inputs, labels = sources("mnist:validation=0.5", 1, 0).test.read(order)
    assert torch.equal(inputs, parts.test[0].flip(0))
    assert torch.equal(labels, parts.test[1].flip(0))


def test_split_refuses_another_number_of_examples_than_published(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mnist(root, monkeypatch)
    DATASETS["mnist"].origin.download(root)  # type: ignore[union-attr]
    with pytest.raises(DataError, match="has 60 examples, but 70,000 were published"):
        split("mnist", 1, 0)


def _cifar10(root: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    folder, pixels = root / "cifar-10-batches-py", images(60, 3, 32, 32)
    cls = load_torchvision().datasets.CIFAR10
    parts = [(f"data_batch_{n}", slice(8 * n - 8, 8 * n)) for n in range(1, 6)] + [("test_batch", slice(40, 60))]
    labels = np.concatenate([LABELS, LABELS[:20]])
    sums = [[name, write_cifar_batch(folder / name, pixels[at], labels[at])] for name, at in parts]
    meta = write_cifar_meta(folder / "batches.meta", "label_names", [f"class {n}" for n in range(10)])
    monkeypatch.setattr(cls, "train_list", sums[:5])
    monkeypatch.setattr(cls, "test_list", sums[5:])
    monkeypatch.setattr(cls, "meta", {**cls.meta, "md5": meta})
    return pixels


def test_cifar10_is_read_from_its_batches(root: Path, monkeypatch: pytest.MonkeyPatch, published: Declare) -> None:
    pixels = _cifar10(root, monkeypatch)
    inputs, labels = DATASETS["cifar10"].load()
    assert np.array_equal(inputs, pixels)
    assert labels.tolist() == [*LABELS, *LABELS[:20]]
    published("cifar10", 60, 20)
    train = split_indices("cifar10", 1, 0)[0]
    scale = pixel_scale("cifar10", 1, 0)
    assert scale.mean == pytest.approx(pixels[train].mean((0, 2, 3)))
    assert scale.deviation == pytest.approx(pixels[train].std((0, 2, 3)))
    inputs = split("cifar10", 1, 0).train[0]
    changed = augmentation("trivial", "cifar10", 1, 0)(inputs, torch.Generator().manual_seed(0))
    assert changed.shape == inputs.shape
    with pytest.raises(TaskError, match="'digits' does not consist of pixels"):
        augmentation("trivial", "digits", 1, 0)
    standardised = split("cifar10", 1, 0).train[0]
    assert standardised.mean((0, 2, 3)).abs().max() < 1e-5
    assert torch.allclose(standardised.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_cifar10_refuses_a_file_with_another_checksum(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _cifar10(root, monkeypatch)
    with (root / "cifar-10-batches-py/data_batch_3").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(DataError, match=r"'cifar10' in .* is damaged"):
        DATASETS["cifar10"].load()


def test_cifar100_has_fine_labels(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, pixels = root / "cifar-100-python", images(6, 3, 32, 32)
    labels = np.array([99, 0, 50, 7, 8, 9], dtype=np.uint8)
    cls = load_torchvision().datasets.CIFAR100
    sums = [
        [name, write_cifar_batch(folder / name, pixels[at], labels[at], "fine_labels")]
        for name, at in (("train", slice(4)), ("test", slice(4, 6)))
    ]
    monkeypatch.setattr(cls, "train_list", sums[:1])
    monkeypatch.setattr(cls, "test_list", sums[1:])
    meta = write_cifar_meta(folder / "meta", "fine_label_names", [f"class {n}" for n in range(100)])
    monkeypatch.setattr(cls, "meta", {**cls.meta, "md5": meta})
    inputs, found = DATASETS["cifar100"].load()
    assert np.array_equal(inputs, pixels)
    assert found.tolist() == labels.tolist()


def test_svhn_counts_its_label_10_as_0(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cls, pixels = load_torchvision().datasets.SVHN, images(5, 3, 32, 32)
    sums = {}
    for split_name, at, labels in (("train", slice(3), [10, 1, 9]), ("test", slice(3, 5), [2, 10])):
        path = root / f"{split_name}_32x32.mat"
        content = {"X": pixels[at].transpose(2, 3, 1, 0), "y": np.array(labels, dtype=np.uint8)[:, None]}
        savemat(path, content)
        url, name, _ = cls.split_list[split_name]
        sums[split_name] = [url, name, md5(path)]
    monkeypatch.setattr(cls, "split_list", sums)
    inputs, found = DATASETS["svhn"].load()
    assert np.array_equal(inputs, pixels)
    assert found.tolist() == [0, 1, 9, 2, 0]
    (root / "test_32x32.mat").write_bytes(b"short")
    with pytest.raises(DataError, match=r"'svhn' in .* is damaged"):
        DATASETS["svhn"].load()
