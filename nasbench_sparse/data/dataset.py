"""What is declared of a data set; nothing is loaded for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from nasbench_sparse.data.origin import Origin

if TYPE_CHECKING:
    from nasbench_sparse.data.corpus import Corpus

Labels = npt.NDArray[np.int64]
Arrays = tuple[npt.NDArray[Any], Labels]
Kind = Literal["arrays", "folders", "text"]

VALIDATION_SHARE = 0.25  # of what the test split leaves, where there are no folds


@dataclass(frozen=True, slots=True)
class ImageFolders:
    """Paths and labels of all images, the official validation images last."""

    paths: Sequence[str]
    labels: Labels
    test_examples: int


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A data set's declaration.

    Args:
        examples: how many, test examples included; None for texts, where it follows from the block length.
        shape: one example's, channels first; (block,) for texts.
        classes: labels are 0 to classes - 1; for texts the vocabulary.
        load: reads it all: arrays (inputs, labels) with the test examples last, image folders, or a corpus.
        test_examples: size of the official test split; None where a stratified fifth is set aside.
        validation_share: of what the test split leaves, where there are no folds.
        origin: None where it comes with the installed packages.
        edition: what its content depends on beside its name; part of the fingerprint of its tasks.
    """

    examples: int | None
    shape: tuple[int, ...]
    classes: int
    load: Callable[[], Arrays | ImageFolders | Corpus]
    test_examples: int | None = None
    validation_share: float = VALIDATION_SHARE
    origin: Origin | None = None
    kind: Kind = "arrays"
    edition: str = ""

    @property
    def offline(self) -> bool:
        """Whether nothing has to be downloaded."""
        return self.origin is None
