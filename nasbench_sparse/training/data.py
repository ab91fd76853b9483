"""Splits of data sets into training, validation and test parts, as tensors or as sources of batches.

Official test splits are kept; where there is none, a stratified fifth is set aside. Splits are fixed: they depend
on the data set, the number of folds and the validation share alone.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench_sparse.core.streams import generator
from nasbench_sparse.data.catalogue import DATASETS, base_name, dataset_info
from nasbench_sparse.data.corpus import Corpus, Positions, block_starts, gather
from nasbench_sparse.data.dataset import Arrays, DatasetInfo, ImageFolders, Labels
from nasbench_sparse.data.folders import ImageBatches
from nasbench_sparse.data.scale import PixelScale
from nasbench_sparse.errors import DataError, TaskError

if TYPE_CHECKING:
    from torch import Tensor

    from nasbench_sparse.data.batches import Augmentation, Sources

__all__ = [
    "DATASETS",
    "Arrays",
    "DatasetInfo",
    "Split",
    "augmentation",
    "dataset_info",
    "pixel_scale",
    "sources",
    "split",
    "split_indices",
    "stratified_parts",
]

TEST_SHARE = 0.2


class Split(NamedTuple):
    """Inputs (N, *shape), float32, and labels (N,), int64, of the three parts; of texts both (N, block), int64."""

    train: tuple[Tensor, Tensor]
    val: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def stratified_parts(labels: Labels, parts: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Deal the shuffled members of each class out to `parts` parts in turn; returns each example's part.

    Class counts of two parts differ by at most one. Each class starts where the last one stopped, so that the
    parts' sizes differ by at most one too.
    """
    part = np.empty(len(labels), dtype=np.int64)
    dealt = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        part[members] = (dealt + np.arange(len(members))) % parts
        dealt += len(members)
    return part


@cache
def split_indices(name: str, folds: int, fold: int) -> tuple[Labels, Labels, Labels]:
    """Return the sorted indices of the training, validation and test examples; of texts, where blocks start.

    The test split is the official one or a fifth, the same for every fold and replicate. Of the rest a share
    validates with `folds` = 1 (a quarter, unless the name says otherwise); else fold `fold` of a cross validation.

    Raises:
        TaskError: `fold` is not below `folds`.
        DataError: the data set is missing or damaged.
    """
    if not 0 <= fold < folds:
        raise TaskError(f"fold {fold} of {folds}: folds are numbered 0 to {folds - 1}")
    info = dataset_info(name)
    parts = folds if folds > 1 else round(1 / info.validation_share)
    loaded = _loaded(base_name(name))
    if isinstance(loaded, Corpus):
        return block_starts(loaded, info.shape[0], parts, fold)
    labels, base = loaded.labels if isinstance(loaded, ImageFolders) else loaded[1], base_name(name)
    is_test = _is_test(base, labels, info.test_examples)
    rest = np.flatnonzero(~is_test)
    part = stratified_parts(labels[rest], parts, generator(base, 0, 0, f"validation split/{parts}"))
    return rest[part != fold], rest[part == fold], np.flatnonzero(is_test)


@cache
def split(name: str, folds: int, fold: int) -> Split:
    """Return a fold's three parts as tensors, standardised by the training part's mean and deviation.

    Images with an official test split are standardised channel by channel. Loaded once per process; the tensors are
    shared and must not be written to.

    Raises:
        TaskError: the data set is read batch by batch only.
        DataError: it is missing or damaged.
    """
    import torch

    loaded, indices = _loaded(base_name(name)), split_indices(name, folds, fold)
    if isinstance(loaded, ImageFolders):
        raise TaskError(f"data set {name!r} does not fit in memory; read it by `sources`, not `split`")
    if isinstance(loaded, Corpus):
        return Split(*(_blocks(loaded, starts, dataset_info(name).shape[0]) for starts in indices))
    inputs, labels = loaded
    if inputs.dtype == np.uint8:
        scaled = [pixel_scale(name, folds, fold).standardise(inputs[i]) for i in indices]
    else:
        mean, deviation = inputs[indices[0]].mean(), inputs[indices[0]].std()
        whole = ((inputs - mean) / deviation).astype(np.float32).reshape(len(inputs), *dataset_info(name).shape)
        scaled = [whole[i] for i in indices]
    return Split(
        *((torch.from_numpy(x), torch.from_numpy(labels[i])) for x, i in zip(scaled, indices, strict=True))
    )


def sources(name: str, folds: int, fold: int) -> Sources:
    """Return a fold's three parts as sources of batches, for any data set: only these read what is too large.

    Raises:
        DataError: the data set is missing or damaged.
    """
    from nasbench_sparse.data.batches import Sources, TensorBatches, TokenBatches

    loaded, indices = _loaded(base_name(name)), split_indices(name, folds, fold)
    if isinstance(loaded, ImageFolders):
        return Sources(*(ImageBatches(loaded, part) for part in indices))
    if isinstance(loaded, Corpus):
        block = dataset_info(name).shape[0]
        return Sources(*(TokenBatches(loaded.tokens, starts, block) for starts in indices))
    return Sources(*(TensorBatches(*part) for part in split(name, folds, fold)))


@cache
def pixel_scale(name: str, folds: int, fold: int) -> PixelScale:
    """Return the mean and deviation by which a fold's pixels were standardised, channel by channel.

    Raises:
        TaskError: the data set does not consist of pixels from 0 to 255.
    """
    loaded = _loaded(base_name(name))
    if not isinstance(loaded, tuple) or loaded[0].dtype != np.uint8:
        raise TaskError(f"data set {name!r} does not consist of pixels from 0 to 255 in memory")
    return PixelScale.of(loaded[0][split_indices(name, folds, fold)[0]])


def augmentation(name: str, dataset: str, folds: int, fold: int) -> Augmentation:
    """Return the augmentation of a name for a fold's inputs.

    Raises:
        UnknownName: there is no such augmentation.
        TaskError: it works on pixels, and the data set does not consist of them.
    """
    from nasbench_sparse.data.augmentation import augment

    scale = pixel_scale(dataset, folds, fold) if "trivial" in name.split("-") else None
    return augment(name, scale)


def _is_test(base: str, labels: Labels, official: int | None) -> npt.NDArray[np.bool_]:
    if official is None:
        part = stratified_parts(labels, round(1 / TEST_SHARE), generator(base, 0, 0, "test split"))
        return np.asarray(part == 0)
    return np.asarray(np.arange(len(labels)) >= len(labels) - official)


def _blocks(corpus: Corpus, starts: Positions, block: int) -> tuple[Tensor, Tensor]:
    import torch

    blocks = torch.from_numpy(gather(corpus.tokens, starts, block))
    return blocks[:, :-1], blocks[:, 1:]


@cache
def _loaded(base: str) -> Arrays | ImageFolders | Corpus:
    """Return a data set as it was read; arrays other than bytes as float64, labels as int64."""
    info = dataset_info(base)
    loaded: Any = info.load()
    if isinstance(loaded, Corpus):
        return loaded
    labels = loaded.labels if isinstance(loaded, ImageFolders) else np.asarray(loaded[1]).astype(np.int64)
    if len(labels) != info.examples:
        raise DataError(f"data set {base!r} has {len(labels):,} examples, but {info.examples:,} were published")
    if isinstance(loaded, ImageFolders):
        return loaded
    inputs = np.asarray(loaded[0])
    return inputs if inputs.dtype == np.uint8 else inputs.astype(np.float64), labels
