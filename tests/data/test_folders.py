from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from nasbench_sparse.data import folders
from nasbench_sparse.data.batches import in_order
from nasbench_sparse.errors import DataError, TaskError
from nasbench_sparse.training.data import sources, split
from nasbench_sparse.vision import load_torchvision
from tests.data.fixtures import jpeg, md5, tar_bytes

RED, BLUE = (200, 0, 0), (0, 0, 200)
CLASSES = {"n00000001": RED, "n00000002": BLUE}
VALIDATION = [2, 1, 1, 2]


def _devkit() -> bytes:
    fields = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("gloss", "O"), ("num_children", "O")]
    rows = [(1, "n00000001", "red, crimson", "a", 0), (2, "n00000002", "blue", "b", 0), (3, "n3", "all", "c", 2)]
    buffer = io.BytesIO()
    savemat(buffer, {"synsets": np.array(rows, dtype=fields)})
    folder = "ILSVRC2012_devkit_t12/data"
    truth = "".join(f"{number}\n" for number in VALIDATION).encode()
    members = {f"{folder}/meta.mat": buffer.getvalue(), f"{folder}/ILSVRC2012_validation_ground_truth.txt": truth}
    return tar_bytes(members, "w:gz")


@pytest.fixture
def imagenet(root: Path, monkeypatch: pytest.MonkeyPatch, published: Callable[[str, int, int], None]) -> Path:
    """The official archives, of two classes with three images each, and four validation images."""
    folder = root / "imagenet"
    folder.mkdir()
    classes = {
        f"{wnid}.tar": tar_bytes({f"{wnid}_{n}.JPEG": jpeg(color, (40 + 8 * n, 32), ramp=True) for n in range(3)})
        for wnid, color in CLASSES.items()
    }
    colors = [RED if number == 1 else BLUE for number in VALIDATION]
    val = {f"ILSVRC2012_val_{n:08}.JPEG": jpeg(color, (32, 48)) for n, color in enumerate(colors, 1)}
    contents = dict(zip(folders.ARCHIVES, (_devkit(), tar_bytes(classes), tar_bytes(val)), strict=True))
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    module = load_torchvision().datasets.imagenet
    sums = {part: (name, md5(folder / name)) for part, (name, _) in module.ARCHIVE_META.items()}
    monkeypatch.setattr(module, "ARCHIVE_META", sums)
    published("imagenet", 10, 4)
    return folder


def test_imagenet_is_unpacked_and_streamed(root: Path, imagenet: Path) -> None:
    folders.download(root)
    parts = sources("imagenet:validation=0.5", 1, 0)
    assert [len(part) for part in parts] == [3, 3, 4]
    inputs, labels = parts.test.read(torch.arange(4))
    assert inputs.shape == (4, 3, 224, 224)
    assert labels.tolist() == [0, 0, 1, 1]
    brightest = (inputs.mean((2, 3)) * torch.tensor(folders.DEVIATION) + torch.tensor(folders.MEAN)).argmax(1)
    assert brightest.tolist() == [0, 0, 2, 2]  # red images are red, blue ones blue
    red = inputs[0].mean((1, 2)) * torch.tensor(folders.DEVIATION) + torch.tensor(folders.MEAN)
    assert torch.allclose(red * 255, torch.tensor([200.0, 0.0, 0.0]), atol=3)


def test_imagenet_batches_follow_the_order_and_the_generator(root: Path, imagenet: Path) -> None:
    folders.download(root)
    train = sources("imagenet:validation=0.5", 1, 0).train
    order = torch.tensor([2, 0, 1])

    def epoch(seed: int) -> list[torch.Tensor]:
        return [x for x, _ in in_order(train, order, 2, torch.Generator().manual_seed(seed))]

    assert [len(batch) for batch in epoch(0)] == [2, 1]
    assert all(torch.equal(a, b) for a, b in zip(epoch(0), epoch(0), strict=True))
    assert not torch.equal(epoch(0)[0], epoch(1)[0])
    plain = [label for _, labels in in_order(train, order, 2) for label in labels.tolist()]
    assert plain == train.read(order)[1].tolist()


def test_imagenet_does_not_fit_in_memory(root: Path, imagenet: Path) -> None:
    folders.download(root)
    with pytest.raises(TaskError, match="`sources`"):
        split("imagenet", 1, 0)


def test_imagenet_says_which_archives_to_place_where(root: Path) -> None:
    with pytest.raises(DataError, match=r"Place ILSVRC2012_devkit_t12.tar.gz, .* in .*imagenet"):
        folders.download(root)


def test_imagenet_refuses_an_archive_with_another_checksum(root: Path, imagenet: Path) -> None:
    with (imagenet / folders.ARCHIVES[1]).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(DataError, match="cannot be unpacked"):
        folders.download(root)


def test_imagenet_names_an_image_that_cannot_be_read(root: Path, imagenet: Path) -> None:
    folders.download(root)
    for path in (imagenet / "val").rglob("*.JPEG"):
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match=r"ILSVRC2012_val_0000000\d.JPEG is no image"):
        sources("imagenet", 3, 0).test.read(torch.arange(1))
