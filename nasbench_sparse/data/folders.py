"""ImageNet (ILSVRC2012): image files in one folder a class, decoded batch by batch.

Its archives are given out on request only, so `data download imagenet` verifies and unpacks what was placed by
hand. The test split is the official validation split, the only labelled one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.data.crops import Box, central_box, random_box
from nasbench_sparse.data.dataset import DatasetInfo, ImageFolders, Labels
from nasbench_sparse.data.origin import Origin
from nasbench_sparse.data.place import directory, require
from nasbench_sparse.errors import DataError
from nasbench_sparse.vision import load_torchvision

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NAME = "imagenet"
SIDE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
THREADS = 8  # they decode; the order of results does not depend on them
ARCHIVES = ("ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar")


@dataclass(frozen=True, slots=True)
class ImageBatches:
    """Some of the images: inputs (B, 3, 224, 224) float32, standardised by ImageNet's usual constants.

    With a generator a random part of each image (8 to 100 % of its area, sides 3:4 to 4:3) is resized, and mirrored
    in half the cases; without one the central 224/256 of it.
    """

    images: ImageFolders
    indices: Labels

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, indices: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """See `Batches.read`.

        Raises:
            DataError: a file is no image.
        """
        import torch

        chosen = self.indices[indices.numpy()]
        paths = [self.images.paths[index] for index in chosen]
        crops: Any = repeat(None) if generator is None else _draws(len(paths), generator)
        with ThreadPoolExecutor(THREADS) as pool:
            pixels = torch.from_numpy(np.stack(list(pool.map(_decode, paths, crops))))
        mean, deviation = (torch.tensor(values)[:, None, None] * 255 for values in (MEAN, DEVIATION))
        inputs = (pixels.permute(0, 3, 1, 2).float() - mean) / deviation
        return inputs.contiguous(), torch.from_numpy(self.images.labels[chosen])


def download(root: Path) -> None:
    """Verify the official archives in the data set's folder and unpack those that are not yet.

    Raises:
        DataError: an archive is missing or damaged.
    """
    folder = root / NAME
    for split in ("train", "val"):
        try:
            load_torchvision().datasets.ImageNet(str(folder), split)
        except (RuntimeError, OSError, ValueError) as error:
            raise DataError(
                f"ImageNet cannot be unpacked: {error} Place {', '.join(ARCHIVES)} from "
                f"https://image-net.org/challenges/LSVRC/2012/2012-downloads.php in {folder}"
            ) from error


def load() -> ImageFolders:
    """Return the images' paths and labels; nothing is decoded.

    Raises:
        DataError: the data set is missing or damaged.
    """
    require(NAME, ORIGIN)
    folder = directory() / NAME
    try:
        parts = [load_torchvision().datasets.ImageNet(str(folder), split) for split in ("train", "val")]
    except (RuntimeError, OSError, ValueError) as error:
        raise DataError(f"ImageNet in {folder} is damaged: {error}") from error
    paths = [path for part in parts for path, _ in part.samples]
    labels = np.concatenate([part.targets for part in parts]).astype(np.int64)
    return ImageFolders(paths, labels, len(parts[1].samples))


def _draws(count: int, generator: torch.Generator) -> Any:
    """Return each image's uniform numbers (count, 10 attempts, 4) and whether it is mirrored."""
    import torch

    boxes = torch.rand(count, 10, 4, generator=generator, dtype=torch.float64).numpy()
    mirrored = torch.rand(count, generator=generator).numpy() < 0.5
    return zip(boxes, mirrored, strict=True)


def _decode(path: str, draw: Any) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Return an image's part, resized to (224, 224, 3)."""
    from PIL import Image

    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except (OSError, SyntaxError) as error:
        raise DataError(f"{path} is no image that can be read: {error}") from error
    box: Box = central_box(*image.size) if draw is None else random_box(*image.size, draw[0])
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box))
    return pixels[:, ::-1] if draw is not None and draw[1] else pixels


ORIGIN = Origin(
    "ImageNet's terms: non-commercial research; by registration",
    "145 GB",
    tuple(f"{NAME}/{part}" for part in ("meta.bin", "train", "val")),
    download,
)
IMAGENET = DatasetInfo(1_331_167, (3, SIDE, SIDE), 1000, load, 50_000, origin=ORIGIN, kind="folders")
