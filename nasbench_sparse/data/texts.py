"""Text data sets: Python's documentation, which is installed with it, and TinyStories.

Labels are the next tokens: inputs (N, block) and targets (N, block), so networks answer with logits (N, block, V).
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from nasbench_sparse.data.bpe import Encoder, parse_merges
from nasbench_sparse.data.corpus import Corpus, from_bytes
from nasbench_sparse.data.dataset import DatasetInfo
from nasbench_sparse.data.files import RemoteFile, fetch
from nasbench_sparse.data.origin import Origin
from nasbench_sparse.data.place import directory, require
from nasbench_sparse.errors import DataError

BYTES = 256
GPT2_PADDED = 50_304  # 50,257 tokens, padded to a multiple of 64
BLOCK = 256
READ_CHARACTERS = 1 << 20

TINYSTORIES = "tinystories"
SEPARATOR = "<|endoftext|>"
_STORIES = "https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main"
TRAIN = RemoteFile("TinyStoriesV2-GPT4-train.txt", f"{_STORIES}/TinyStoriesV2-GPT4-train.txt", 2_227_753_162)
VALID = RemoteFile("TinyStoriesV2-GPT4-valid.txt", f"{_STORIES}/TinyStoriesV2-GPT4-valid.txt", 22_502_601)
MERGES = RemoteFile(
    "vocab.bpe",
    "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/vocab.bpe",
    456_318,
    "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
)


def python_docs() -> Corpus:
    """Return the topics of Python's language reference as bytes; the text is the running Python's."""
    from pydoc_data.topics import topics

    return from_bytes(topics[name].encode() for name in sorted(topics))


def download_tinystories(root: Path) -> None:
    """Fetch both official files and GPT-2's merges, and tokenise them once, as 16-bit numbers.

    Raises:
        DataError: a file cannot be fetched, is truncated or damaged.
    """
    folder = root / TINYSTORIES
    encoder = Encoder(parse_merges(fetch(MERGES, folder).read_text(encoding="utf-8")))
    for file in (VALID, TRAIN):
        tokenise(fetch(file, folder), _tokens_path(folder, file), encoder)


def tokenise(text: Path, target: Path, encoder: Encoder) -> None:
    """Write a text's stories as little-endian uint16, each followed by the end of text; all of it or nothing."""
    partial_path = target.with_name(f"{target.name}.partial")
    with partial_path.open("wb") as file:
        for story in stories(text):
            file.write(np.array([*encoder.encode(story), encoder.end_of_text], dtype="<u2").tobytes())
    partial_path.replace(target)


def stories(path: Path) -> Iterator[str]:
    """Yield the texts between separators, without the white space around them; empty ones are left out."""
    rest = ""
    with path.open(encoding="utf-8", newline="") as file:
        for chunk in iter(partial(file.read, READ_CHARACTERS), ""):
            *whole, rest = (rest + chunk).split(SEPARATOR)
            yield from filter(None, map(str.strip, whole))
    yield from filter(None, [rest.strip()])


def tinystories() -> Corpus:
    """Return the tokenised stories; those of the official validation file are the test split.

    Raises:
        DataError: it has not been downloaded, or a file is damaged.
    """
    require(TINYSTORIES, ORIGIN)
    parts = [_read(_tokens_path(directory() / TINYSTORIES, file)) for file in (TRAIN, VALID)]
    ends = [np.flatnonzero(part == part[-1]) + 1 for part in parts]  # the last token of a file ends a text
    return Corpus(np.concatenate(parts), np.concatenate([ends[0], ends[1] + len(parts[0])]), len(ends[1]))


def _read(path: Path) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    size = path.stat().st_size
    if size == 0 or size % 2:
        raise DataError(
            f"{path} is damaged; delete it and run `nasbench-sparse data download {TINYSTORIES}` to make it again"
        )
    return np.fromfile(path, dtype="<u2")


def _tokens_path(folder: Path, file: RemoteFile) -> Path:
    return folder / f"{Path(file.name).stem}.tokens"


ORIGIN = Origin(
    "CDLA-Sharing-1.0",
    "2.3 GB, and 1.1 GB of tokens made from it",
    tuple(f"{TINYSTORIES}/{_tokens_path(Path(), file)}" for file in (TRAIN, VALID)),
    download_tinystories,
)

TEXTS: dict[str, DatasetInfo] = {
    "python-docs": DatasetInfo(
        None, (64,), BYTES, python_docs, kind="text", edition=f"Python {platform.python_version()}"
    ),
    TINYSTORIES: DatasetInfo(None, (BLOCK,), GPT2_PADDED, tinystories, origin=ORIGIN, kind="text"),
}
