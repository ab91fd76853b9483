from __future__ import annotations

import io
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.data import imagenet16
from nasbench_sparse.data.files import RemoteFile
from nasbench_sparse.errors import DataError
from tests.data.fixtures import images


def _npz(pixels: np.ndarray, labels: list[int]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, data=pixels, labels=np.array(labels), mean=pixels.mean(0))
    return buffer.getvalue()


@pytest.fixture
def archives(root: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Both zip archives in place, with two images a training file and one in the validation file."""
    pixels = images(21, 768)
    files = []
    contents = {
        name: _npz(pixels[2 * index : 2 * index + 2], [index + 1, 1000])
        for index, name in enumerate(imagenet16.BATCHES[:-1])
    }
    for archive, batches in zip(
        imagenet16.ARCHIVES, (contents, {"val_data.npz": _npz(pixels[20:], [7])}), strict=True
    ):
        path = root / "imagenet16" / archive.name
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as packed:
            for name, content in batches.items():
                packed.writestr(f"folder/{name}", content)
        content = path.read_bytes()
        files.append(RemoteFile(archive.name, archive.url, len(content), sha256(content).hexdigest()))
    monkeypatch.setattr(imagenet16, "ARCHIVES", tuple(files))
    monkeypatch.setattr(imagenet16, "EXAMPLES", len(pixels))
    return pixels


def test_imagenet16_is_unpacked_and_read_plane_by_plane(root: Path, archives: np.ndarray) -> None:
    imagenet16.download(root)
    inputs, labels = imagenet16.load()
    assert inputs.shape == (21, 3, 16, 16)
    assert inputs[4, 1, 2, 3] == archives[4, 256 + 2 * 16 + 3]
    assert labels.tolist() == [label for index in range(10) for label in (index, 999)] + [6]


def test_imagenet16_refuses_a_truncated_archive(root: Path, archives: np.ndarray) -> None:
    path = root / "imagenet16" / imagenet16.ARCHIVES[1].name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"has [\d,]+ bytes, but the published file has"):
        imagenet16.download(root)


def test_imagenet16_refuses_an_archive_with_another_checksum(root: Path, archives: np.ndarray) -> None:
    path = root / "imagenet16" / imagenet16.ARCHIVES[0].name
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="SHA-256"):
        imagenet16.download(root)


@pytest.mark.parametrize("damage", ["truncated", "pickled", "misshapen"])
def test_imagenet16_refuses_a_damaged_batch(damage: str, root: Path, archives: np.ndarray) -> None:
    imagenet16.download(root)
    path = root / "imagenet16" / "train_data_batch_3.npz"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:500])
    elif damage == "pickled":
        np.savez(path, data=np.array([{}], dtype=object), labels=np.array([1]))
    else:
        np.savez(path, data=np.zeros((2, 767), dtype=np.uint8), labels=np.array([1, 2]))
    with pytest.raises(DataError, match=r"train_data_batch_3.npz is damaged"):
        imagenet16.load()


@pytest.mark.parametrize("labels", [[0, 5], [5, 1001]])
def test_imagenet16_refuses_labels_out_of_range(labels: list[int], root: Path, archives: np.ndarray) -> None:
    imagenet16.download(root)
    path = root / "imagenet16" / "train_data_batch_3.npz"
    path.write_bytes(_npz(archives[4:6], labels))
    with pytest.raises(
        DataError, match=rf"batch_3.npz is damaged \(labels are {labels[0]} to {labels[1]}, not 1 to"
    ):
        imagenet16.load()


def test_imagenet16_refuses_another_number_of_images(root: Path, archives: np.ndarray) -> None:
    imagenet16.download(root)
    (root / "imagenet16" / "val_data.npz").write_bytes(_npz(archives[19:], [7, 8]))
    with pytest.raises(DataError, match="holds 22 images, but 21 were published"):
        imagenet16.load()
