"""ImageNet-16: every image of ILSVRC2012, resized to 16 by 16 pixels.

The official zip archives hold NumPy files: `data`, (N, 768) uint8, the red, green and blue planes one after the
other; and `labels`, 1 to 1000. The test split is ImageNet's validation split, the only labelled one.

References: Chrabaszcz, Loshchilov and Hutter (2017), arXiv 1707.08819.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from nasbench_sparse.data.dataset import Arrays, DatasetInfo
from nasbench_sparse.data.files import RemoteFile, fetch
from nasbench_sparse.data.origin import Origin
from nasbench_sparse.data.place import directory, require
from nasbench_sparse.errors import DataError

NAME = "imagenet16"
SIDE = 16
CLASSES = 1000
EXAMPLES = 1_331_167
BATCHES = (*(f"train_data_batch_{number}.npz" for number in range(1, 11)), "val_data.npz")
ARCHIVES = (
    RemoteFile(
        "Imagenet16_train_npz.zip",
        "https://image-net.org/data/downsample/Imagenet16_train_npz.zip",
        931_837_742,
        "dea57cdc1d4e252a9e4b76d3b0783486c13b572b883b25fae9283f19695e63b9",
    ),
    RemoteFile(
        "Imagenet16_val_npz.zip",
        "https://image-net.org/data/downsample/Imagenet16_val_npz.zip",
        36_354_395,
        "6dda90de8f6fd43b204422578b4be05d3f658d7792b344de4da768a71c02c4c4",
    ),
)


def download(root: Path) -> None:
    """Fetch, verify and unpack the two archives.

    Raises:
        DataError: an archive cannot be fetched or is damaged.
    """
    folder = root / NAME
    for archive in ARCHIVES:
        with zipfile.ZipFile(fetch(archive, folder)) as packed:
            for member in packed.infolist():
                if Path(member.filename).name in BATCHES:
                    member.filename = Path(member.filename).name
                    packed.extract(member, folder)


def load() -> Arrays:
    """Return images (N, 3, 16, 16) as uint8 and labels from 0, the ten training files first.

    Raises:
        DataError: a file is missing, or is not what was published.
    """
    require(NAME, ORIGIN)
    parts = [_read(directory() / NAME / batch) for batch in BATCHES]
    images = np.concatenate([part[0] for part in parts])
    if len(images) != EXAMPLES:
        raise DataError(
            f"{directory() / NAME} holds {len(images):,} images, but {EXAMPLES:,} were published; delete it and "
            f"run `nasbench-sparse data download {NAME}`"
        )
    return images, np.concatenate([part[1] for part in parts])


def _read(path: Path) -> Arrays:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as batch:
            images, labels = batch["data"], np.asarray(batch["labels"]).astype(np.int64) - 1
        if images.dtype != np.uint8 or images.shape != (len(labels), 3 * SIDE * SIDE):
            raise ValueError(f"data is {images.dtype} {images.shape} for {len(labels)} labels")
        if labels.size and not 0 <= labels.min() <= labels.max() < CLASSES:
            raise ValueError(f"labels are {labels.min() + 1} to {labels.max() + 1}, not 1 to {CLASSES}")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} is damaged ({error}); delete it and run `nasbench-sparse data download {NAME}`"
        ) from error
    return images.reshape(-1, 3, SIDE, SIDE), labels


ORIGIN = Origin(
    "ImageNet's terms: non-commercial research", "970 MB", tuple(f"{NAME}/{batch}" for batch in BATCHES), download
)
IMAGENET16 = DatasetInfo(EXAMPLES, (3, SIDE, SIDE), CLASSES, load, 50_000, origin=ORIGIN)
