from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nasbench_sparse.data.corpus import Corpus, block_starts, from_bytes, gather
from nasbench_sparse.errors import DataError, TaskError


def test_from_bytes_ends_each_document() -> None:
    corpus = from_bytes([b"ab", b"", b"c"])
    assert corpus.tokens.tolist() == [97, 98, 0, 0, 99, 0]
    assert corpus.ends.tolist() == [3, 4, 6]


def test_block_starts_cut_parts_at_documents() -> None:
    corpus = Corpus(np.arange(50), np.arange(5, 51, 5))  # ten documents of five tokens
    train, val, test = block_starts(corpus, 4, 4, 1)
    assert test.tolist() == [40, 44]  # tokens 40..49: two blocks of four and one more token
    assert val.tolist() == [10, 14]  # the second quarter of the first forty
    assert train.tolist() == [0, 4, 20, 24, 28, 32]


def test_block_starts_keep_the_official_test_documents() -> None:
    corpus = Corpus(np.arange(50), np.arange(5, 51, 5), test_documents=1)
    assert block_starts(corpus, 4, 3, 0)[2].tolist() == [45]


def test_gather_shifts_targets_by_one() -> None:
    blocks = gather(np.arange(100, 110, dtype=np.uint16), np.array([3, 0]), 2)
    assert blocks.tolist() == [[103, 104, 105], [100, 101, 102]]
    assert blocks.dtype == np.int64


@given(
    lengths=st.lists(st.integers(1, 30), min_size=8, max_size=40),
    parts=st.integers(2, 5),
    block=st.integers(1, 6),
    data=st.data(),
)
def test_block_starts_never_share_a_document(
    lengths: list[int], parts: int, block: int, data: st.DataObject
) -> None:
    ends = np.cumsum(lengths)
    corpus = Corpus(np.repeat(np.arange(len(lengths)), lengths), ends)
    try:
        found = block_starts(corpus, block, parts, data.draw(st.integers(0, parts - 1)))
    except DataError:
        assume(False)
    documents = [set(gather(corpus.tokens, starts, block).ravel()) for starts in found]
    assert not documents[0] & documents[1]
    assert max(documents[0] | documents[1]) < min(documents[2])
    for starts in found:
        assert len(set(starts)) == len(starts)


def test_block_starts_refuse_folds_and_blocks_that_do_not_exist() -> None:
    corpus = from_bytes([b"abcdefgh"] * 10)
    with pytest.raises(TaskError, match="numbered 0 to 2"):
        block_starts(corpus, 4, 3, 3)
    with pytest.raises(DataError, match="validation part of the text is shorter than a block of 40"):
        block_starts(corpus, 40, 4, 0)
