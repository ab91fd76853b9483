from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.data.bpe import Encoder, byte_order, parse_merges, word_pattern
from nasbench_sparse.errors import DataError

FILE = "#version: 0.2\nĠ t\nh e\nĠt he\nl l\nĊ Ċ\n"
"""Merges as they are published: Ġ stands for a space, Ċ for a line feed."""


def test_byte_order_begins_with_the_printable_bytes() -> None:
    order = byte_order()
    assert bytes(order[:3]) == b'!"#'
    assert sorted(order) == list(range(256))
    assert [order.index(byte) for byte in (32, 10)] == [220, 198]  # GPT-2's tokens of a space and a line feed


def test_parse_merges_reads_the_published_format() -> None:
    assert parse_merges(FILE) == [(b" ", b"t"), (b"h", b"e"), (b" t", b"he"), (b"l", b"l"), (b"\n", b"\n")]
    with pytest.raises(DataError, match="line 3 of the BPE merges is 'a b c'"):
        parse_merges("#version: 0.2\na b\na b c\n")


def test_encoder_merges_the_lowest_rank_first() -> None:
    encoder = Encoder(parse_merges(FILE))
    letter = {character: byte_order().index(ord(character)) for character in " tehls"}
    assert encoder.encode(" the") == [258]
    assert encoder.encode("the") == [letter["t"], 257]
    assert encoder.encode("lll") == [259, letter["l"]]  # from the left, not overlapping
    assert encoder.encode("llll she") == [259, 259, letter[" "], letter["s"], 257]
    assert encoder.end_of_text == 261
    assert Encoder([]).end_of_text == 256


def test_word_pattern_cuts_as_published() -> None:
    text = "I'll say:  \"Don't!\"\n\n  2 cats² naïve_x"
    words = ["I", "'ll", " say", ":", " ", ' "', "Don", "'t", '!"', "\n\n ", " 2", " cats", "²", " naïve", "_", "x"]
    assert word_pattern().findall(text) == words


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_encoder_loses_nothing(text: str) -> None:
    encoder = Encoder(parse_merges(FILE))
    tokens = [bytes([byte]) for byte in byte_order()] + [b" t", b"he", b" the", b"ll", b"\n\n"]
    assert b"".join(tokens[number] for number in encoder.encode(text)) == text.encode()
