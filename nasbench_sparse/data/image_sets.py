"""MNIST, Fashion-MNIST, CIFAR-10, CIFAR-100 and SVHN, read and downloaded by torchvision.

torchvision verifies its MD5 checksums: of every CIFAR and SVHN file when it is read, of MNIST's archives when they
are downloaded. Its folders under the data directory are its usual ones, so earlier downloads of it can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_sparse.data.dataset import Arrays, DatasetInfo
from nasbench_sparse.data.origin import Origin
from nasbench_sparse.data.place import directory, require
from nasbench_sparse.errors import DataError
from nasbench_sparse.vision import load_torchvision

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CIFAR10_FILES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta")
DAMAGED = (RuntimeError, ValueError, AssertionError, OSError, EOFError, KeyError, TypeError)
"""What readers raise on truncated or wrong files."""


def mnist_like(name: str, cls: str, licence: str) -> DatasetInfo:
    """Declare MNIST or a data set in its format: 60,000 + 10,000 grey images of 28 by 28."""
    files = tuple(f"{cls}/raw/{file}" for file in IDX_FILES)

    def download(root: Path) -> None:
        for file in files:  # unpacked anew where the archive is there, as only archives have checksums
            if (root / f"{file}.gz").exists():
                (root / file).unlink(missing_ok=True)
        _construct(name, cls, root, train=True, download=True)

    def load() -> Arrays:
        parts = [_construct(name, cls, directory(), train=train) for train in (True, False)]
        images = np.concatenate([part.data.numpy() for part in parts])
        return images[:, None], np.concatenate([part.targets.numpy() for part in parts]).astype(np.int64)

    origin = Origin(licence, "12 MB" if cls == "MNIST" else "31 MB", files, download)
    return DatasetInfo(70_000, (1, 28, 28), 10, _checked(name, origin, load), 10_000, origin=origin)


def cifar(name: str, cls: str, classes: int, files: tuple[str, ...]) -> DatasetInfo:
    """Declare CIFAR-10 or CIFAR-100: 50,000 + 10,000 colour images of 32 by 32."""

    def download(root: Path) -> None:
        _construct(name, cls, root, train=True, download=True)

    def load() -> Arrays:
        parts = [_construct(name, cls, directory(), train=train) for train in (True, False)]
        images = np.concatenate([part.data for part in parts]).transpose(0, 3, 1, 2)
        return np.ascontiguousarray(images), np.concatenate([part.targets for part in parts]).astype(np.int64)

    origin = Origin("none stated; cite Krizhevsky (2009)", "170 MB", files, download)
    return DatasetInfo(60_000, (3, 32, 32), classes, _checked(name, origin, load), 10_000, origin=origin)


def svhn() -> DatasetInfo:
    """Declare SVHN's core: 73,257 + 26,032 colour images of 32 by 32, without its extra ones."""

    def download(root: Path) -> None:
        for split in ("train", "test"):
            _construct("svhn", "SVHN", root, split=split, download=True)

    def load() -> Arrays:
        parts = [_construct("svhn", "SVHN", directory(), split=split) for split in ("train", "test")]
        return np.concatenate([part.data for part in parts]), np.concatenate([part.labels for part in parts])

    files = ("train_32x32.mat", "test_32x32.mat")
    origin = Origin("non-commercial use only", "246 MB", files, download)
    return DatasetInfo(99_289, (3, 32, 32), 10, _checked("svhn", origin, load), 26_032, origin=origin)


def _construct(name: str, cls: str, root: Path, *, download: bool = False, **part: object) -> Any:
    """Return torchvision's data set; with `download` it fetches what is missing."""
    datasets = load_torchvision().datasets
    with _told(name, cls, root, download):
        return getattr(datasets, cls)(str(root), download=download, **part)


@contextmanager
def _told(name: str, cls: str, root: Path, download: bool) -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        if download:
            raise DataError(f"data set {name!r} cannot be downloaded to {root}: {error}") from error
        raise DataError(
            f"data set {name!r} in {root} is damaged ({cls}: {error}); "
            f"delete it and run `nasbench-sparse data download {name}`"
        ) from error


def _checked(name: str, origin: Origin, load: Callable[[], Arrays]) -> Callable[[], Arrays]:
    """Return `load` behind a check that the files are there."""

    def checked() -> Arrays:
        require(name, origin)
        return load()

    return checked


IMAGE_SETS: dict[str, DatasetInfo] = {
    "mnist": mnist_like("mnist", "MNIST", "CC BY-SA 3.0"),
    "fashion-mnist": mnist_like("fashion-mnist", "FashionMNIST", "MIT"),
    "cifar10": cifar("cifar10", "CIFAR10", 10, tuple(f"cifar-10-batches-py/{file}" for file in CIFAR10_FILES)),
    "cifar100": cifar(
        "cifar100", "CIFAR100", 100, tuple(f"cifar-100-python/{file}" for file in ("train", "test", "meta"))
    ),
    "svhn": svhn(),
}
