"""GPT-2's byte-level byte pair encoding, from its published list of merges alone.

Token numbers follow from the merges: first the 256 bytes, printable ones before the others; then one token for each
merge, in order; last the end of text. With all 50,000 merges these are GPT-2's own 50,257 numbers.

References: Radford et al. (2019), section 2.2; Sennrich, Haddow and Birch (2016), algorithm 1.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

from nasbench_sparse.errors import DataError

Pair = tuple[bytes, bytes]

PRINTABLE = (*range(33, 127), *range(161, 173), *range(174, 256))
CONTRACTIONS = "'(?:s|t|re|ve|m|ll|d)"


class Encoder:
    """Text to token numbers.

    Args:
        merges: pairs of byte strings, the first merged first.
    """

    def __init__(self, merges: Iterable[Pair]) -> None:
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        vocabulary = [*(bytes([byte]) for byte in byte_order()), *(first + second for first, second in self._ranks)]
        self._numbers = {token: number for number, token in enumerate(vocabulary)}
        self._known: dict[str, list[int]] = {}  # words come again and again
        self.end_of_text = len(vocabulary)

    def encode(self, text: str) -> list[int]:
        """Return the token numbers of a text; special tokens in it are taken as plain text."""
        numbers: list[int] = []
        for word in word_pattern().findall(text):
            known = self._known.get(word)
            if known is None:
                known = self._known[word] = [self._numbers[token] for token in self._merge(word.encode())]
            numbers += known
        return numbers

    def _merge(self, word: bytes) -> list[bytes]:
        """Merge the neighbours of lowest rank, everywhere they stand, until none is left."""
        tokens = [bytes([byte]) for byte in word]
        while len(tokens) > 1:
            best = min(pairwise(tokens), key=lambda pair: self._ranks.get(pair, sys.maxsize))
            if best not in self._ranks:
                break
            tokens = _join(tokens, best)
        return tokens


def _join(tokens: list[bytes], pair: Pair) -> list[bytes]:
    """Return the tokens with each occurrence of a pair, from the left and not overlapping, made one token."""
    joined, index = [], 0
    while index < len(tokens):
        width = 2 if tuple(tokens[index : index + 2]) == pair else 1
        joined.append(b"".join(tokens[index : index + width]))
        index += width
    return joined


def parse_merges(text: str) -> list[Pair]:
    """Read `vocab.bpe` (also called merges.txt): a line with the version, then two symbols a line.

    Raises:
        DataError: a line is something else.
    """
    byte_of = {symbol: byte for byte, symbol in zip(byte_order(), _symbols(), strict=True)}
    pairs = []
    for number, line in enumerate(text.splitlines()[1:], start=2):
        symbols = line.split(" ")
        try:
            first, second = (bytes(byte_of[character] for character in symbol) for symbol in symbols)
        except (KeyError, ValueError) as error:
            raise DataError(f"line {number} of the BPE merges is {line!r}; wanted are two symbols") from error
        pairs.append((first, second))
    return pairs


def byte_order() -> list[int]:
    """Return the 256 bytes in the order of their token numbers."""
    return [*PRINTABLE, *(byte for byte in range(256) if byte not in PRINTABLE)]


def _symbols() -> list[str]:
    """Return the characters that stand for the bytes in the file of merges, in the same order."""
    return [*map(chr, PRINTABLE), *(chr(256 + index) for index in range(256 - len(PRINTABLE)))]


@cache
def word_pattern() -> re.Pattern[str]:
    """Return what cuts a text into words: contractions, letters, numbers, the rest, each after at most one space.

    Spaces before a word stay together but for the last one, which belongs to the word.
    """
    letter, number = _class("L"), _class("N")
    space = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    runs = f" ?[{letter}]+| ?[{number}]+| ?[^{space}{letter}{number}]+"
    return re.compile(f"{CONTRACTIONS}|{runs}|[{space}]+(?![^{space}])|[{space}]+")


def _class(major: str) -> str:
    """Return all characters of a major Unicode category, as the inside of a character class."""
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] != major:
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
