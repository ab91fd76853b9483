"""Tiny data sets in the exact formats in which the official ones are published."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle  # noqa: TID251 - CIFAR is published in this format
import tarfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Images = npt.NDArray[np.uint8]


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def images(count: int, *shape: int, seed: int = 0) -> Images:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def idx(array: Images) -> bytes:
    """The format of MNIST: a magic number with the number of axes, big-endian sizes, bytes."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.tobytes()


def write_mnist_archives(folder: Path, train: tuple[Images, Images], test: tuple[Images, Images]) -> dict[str, str]:
    """Write the four archives and return their checksums by name."""
    folder.mkdir(parents=True)
    parts = {"train-images-idx3": train[0], "train-labels-idx1": train[1]}
    parts |= {"t10k-images-idx3": test[0], "t10k-labels-idx1": test[1]}
    sums = {}
    for stem, array in parts.items():
        path = folder / f"{stem}-ubyte.gz"
        path.write_bytes(gzip.compress(idx(array)))
        sums[path.name] = md5(path)
    return sums


def write_cifar_batch(path: Path, pixels: Images, labels: Images, key: str = "labels") -> str:
    """Write a python batch, rows of red, green and blue planes, and return its checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"data": pixels.reshape(len(pixels), -1), key: labels.tolist()}
    path.write_bytes(pickle.dumps(content, protocol=2))
    return md5(path)


def write_cifar_meta(path: Path, key: str, names: list[str]) -> str:
    path.write_bytes(pickle.dumps({key: names}, protocol=2))
    return md5(path)


def tar_bytes(members: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def jpeg(color: tuple[int, int, int], size: tuple[int, int], *, ramp: bool = False) -> bytes:
    """An image of one colour, or from black at the left to that colour at the right."""
    buffer, (width, height) = io.BytesIO(), size
    strength = np.linspace(0, 1, width) if ramp else np.ones(width)
    pixels = np.broadcast_to(strength[None, :, None] * np.array(color), (height, width, 3))
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()
