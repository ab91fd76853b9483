"""Names in figures: short enough, and never two alike."""

from __future__ import annotations

from nasbench_sparse.leaderboard.figures.style import short_names


def test_short_name_stays_as_it_is() -> None:
    assert short_names(["lahc", "a" * 10], 10) == {"lahc": "lahc", "a" * 10: "a" * 10}


def test_long_name_is_cut_in_the_middle() -> None:
    assert short_names(["digits-pair-cell-95"], 11) == {"digits-pair-cell-95": "digit…ll-95"}


def test_names_that_would_be_cut_alike_are_cut_elsewhere() -> None:
    names = [f"safs-mnist5k-lenet5-{what}-final-1462d354" for what in ("operators", "hyperparameters")]
    names += [f"check-CIFAR-{k}-Adagrad-Adam-RMSProp-{end}" for k in (10, 100) for end in ("high", "low")]
    found = short_names(names, 24)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    assert all(len(text) == 24 and "…" in text for text in found.values())
    assert all(
        name.startswith(text.split("…")[0]) and name.endswith(text.split("…")[1]) for name, text in found.items()
    )


def test_names_that_no_cut_keeps_apart_are_cut_in_the_middle() -> None:
    names = [f"{'a' * 30}{i}{'b' * 30}" for i in range(2)]
    assert set(short_names(names, 9).values()) == {"aaaa…bbbb"}


def test_characters_that_no_font_holds_are_replaced() -> None:
    assert short_names(["a\nb\x00", "\N{SNAKE}"]) == {"a\nb\x00": "a□b□", "\N{SNAKE}": "□"}
