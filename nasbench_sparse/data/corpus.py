"""Texts as tokens: contiguous documents, parts made of whole documents, and blocks to predict the next token in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench_sparse.errors import DataError, TaskError

Tokens = npt.NDArray[Any]
Positions = npt.NDArray[np.int64]

TEST_PARTS = 5  # a fifth of the tokens, where no test documents are declared


@dataclass(frozen=True, slots=True)
class Corpus:
    """Tokens of all documents, one after the other.

    Args:
        tokens: any integers, (n,); may be mapped from a file.
        ends: (documents,), where each document ends, exclusive; the last one is n.
        test_documents: how many of the last documents are the official test split; None for a fifth of the tokens.
    """

    tokens: Tokens
    ends: Positions
    test_documents: int | None = None


def from_bytes(documents: Iterable[bytes], end_of_text: int = 0) -> Corpus:
    """Return documents whose tokens are their bytes, each followed by `end_of_text`."""
    ended = [np.frombuffer(document + bytes([end_of_text]), dtype=np.uint8) for document in documents]
    return Corpus(np.concatenate(ended), np.cumsum([len(document) for document in ended]))


def block_starts(corpus: Corpus, block: int, parts: int, fold: int) -> tuple[Positions, Positions, Positions]:
    """Return where the blocks of `block` inputs and their last target start, of the three parts.

    The last documents are the test part. The others are cut into `parts` runs of documents of about equal length,
    of which run number `fold` validates. Blocks lie one after the other within a run; what is left at its end is
    not used.

    Raises:
        TaskError: `fold` is not below `parts`.
        DataError: a part is too short for one block.
    """
    if not 0 <= fold < parts:
        raise TaskError(f"fold {fold} of {parts}: folds are numbered 0 to {parts - 1}")
    test = _test_start(corpus)
    rest = corpus.ends[corpus.ends <= test]
    bounds = [0, *(_nearest(rest, test * part / parts) for part in range(1, parts)), test]
    before, after = (0, bounds[fold]), (bounds[fold + 1], test)
    train = np.concatenate([_starts(*before, block), _starts(*after, block)])
    found = train, _starts(bounds[fold], bounds[fold + 1], block), _starts(test, len(corpus.tokens), block)
    for part, starts in zip(("training", "validation", "test"), found, strict=True):
        if len(starts) == 0:
            raise DataError(f"the {part} part of the text is shorter than a block of {block} tokens and one more")
    return found


def gather(tokens: Tokens, starts: Positions, block: int) -> npt.NDArray[np.int64]:
    """Return the blocks (N, block + 1) as int64: inputs are all but the last column, targets all but the first."""
    blocks: npt.NDArray[np.int64] = tokens[starts[:, None] + np.arange(block + 1)].astype(np.int64)
    return blocks


def _test_start(corpus: Corpus) -> int:
    if corpus.test_documents is not None:
        return int(corpus.ends[len(corpus.ends) - corpus.test_documents - 1])
    return _nearest(corpus.ends, len(corpus.tokens) * (TEST_PARTS - 1) / TEST_PARTS)


def _nearest(ends: Positions, position: float) -> int:
    """Return the document end nearest to a position, the first on a tie."""
    return int(ends[np.argmin(np.abs(ends - position))])


def _starts(begin: int, end: int, block: int) -> Positions:
    """Return the starts of blocks within [begin, end); each has block + 1 tokens, the last shared with the next."""
    return np.arange(begin, end - block, block, dtype=np.int64)
