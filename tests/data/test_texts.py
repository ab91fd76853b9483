from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_sparse.data import texts
from nasbench_sparse.data.catalogue import dataset_info
from nasbench_sparse.data.files import RemoteFile
from nasbench_sparse.errors import DataError
from nasbench_sparse.training.data import sources, split

TRAIN = "<|endoftext|>\n".join(f"\nOnce upon a time, number {n} slept.\n" for n in range(30)) + "<|endoftext|>\n"
VALID = "The end is here.\n<|endoftext|>\nThe very end of it."


@pytest.fixture
def tinystories(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The official files, of a few stories, and two merges."""
    folder = root / "tinystories"
    folder.mkdir()
    contents = {"TRAIN": TRAIN, "VALID": VALID, "MERGES": "#version: 0.2\nĠ t\nh e\n"}
    for constant, content in contents.items():
        file: RemoteFile = getattr(texts, constant)
        (folder / file.name).write_bytes(content.encode())
        checksum = sha256(content.encode()).hexdigest()
        monkeypatch.setattr(texts, constant, RemoteFile(file.name, file.url, len(content.encode()), checksum))
    return folder


def test_tinystories_are_tokenised_and_split_by_stories(root: Path, tinystories: Path) -> None:
    texts.download_tinystories(root)
    corpus = texts.tinystories()
    assert len(corpus.ends) == 32
    assert corpus.test_documents == 2
    assert (corpus.tokens[corpus.ends - 1] == 258).all()  # 256 bytes and two merges come before
    parts = split("tinystories:block=8", 1, 0)
    for inputs, targets in parts:
        assert inputs.shape == targets.shape == (len(inputs), 8)
        assert torch.equal(inputs[:, 1:], targets[:, :-1])
    streamed = sources("tinystories:block=8", 1, 0)
    for source, (inputs, targets) in zip(streamed, parts, strict=True):
        found = source.read(torch.arange(len(source)))
        assert torch.equal(found[0], inputs)
        assert torch.equal(found[1], targets)


def test_tinystories_refuse_a_truncated_text(root: Path, tinystories: Path) -> None:
    path = tinystories / texts.TRAIN.name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"TinyStoriesV2-GPT4-train.txt has [\d,]+ bytes"):
        texts.download_tinystories(root)
    with pytest.raises(DataError, match="nasbench-sparse data download tinystories"):
        texts.tinystories()


def test_tinystories_refuse_truncated_tokens(root: Path, tinystories: Path) -> None:
    texts.download_tinystories(root)
    path = tinystories / "TinyStoriesV2-GPT4-valid.tokens"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"valid\.tokens is damaged"):
        texts.tinystories()


@pytest.mark.parametrize("characters", [1, 7, 1 << 20])
def test_stories_do_not_depend_on_how_much_is_read_at_once(
    characters: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "READ_CHARACTERS", characters)
    path = tmp_path / "stories.txt"
    path.write_text("\n<|endoftext|>\n one é\n<|endoftext|>two\n\nthree<|endoftext|>", encoding="utf-8")
    assert list(texts.stories(path)) == ["one é", "two\n\nthree"]


def test_python_docs_need_no_download_and_are_bytes() -> None:
    info = dataset_info("python-docs:block=32")
    assert info.offline
    parts = split("python-docs:block=32", 1, 0)
    text = bytes(parts.train[0].reshape(-1).to(torch.uint8).tolist())
    assert b"statement" in text
    assert info.classes == 256
    sizes = np.array([len(part[0]) for part in parts])
    assert sizes / sizes.sum() == pytest.approx([0.6, 0.2, 0.2], abs=0.06)  # a topic is up to a seventh of all
