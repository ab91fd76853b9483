"""All data sets by name, and the options a name may carry: `cifar10:validation=0.1`, `tinystories:block=128`."""

from __future__ import annotations

from dataclasses import replace

from nasbench_sparse.data.bundled import digits, mnist1d, mnist5k
from nasbench_sparse.data.dataset import DatasetInfo
from nasbench_sparse.data.folders import IMAGENET
from nasbench_sparse.data.image_sets import IMAGE_SETS
from nasbench_sparse.data.imagenet16 import IMAGENET16
from nasbench_sparse.data.texts import TEXTS
from nasbench_sparse.errors import TaskError, UnknownName, unknown

DATASETS: dict[str, DatasetInfo] = {
    "digits": DatasetInfo(1797, (1, 8, 8), 10, digits),
    "mnist1d": DatasetInfo(5000, (1, 40), 10, mnist1d),
    "mnist5k": DatasetInfo(5000, (1, 28, 28), 10, mnist5k),
    **IMAGE_SETS,
    "imagenet16": IMAGENET16,
    "imagenet": IMAGENET,
    **TEXTS,
}

LARGEST_VALIDATION_SHARE = 0.5


def base_name(name: str) -> str:
    """Return a data set's name without options."""
    return name.partition(":")[0]


def dataset_info(name: str) -> DatasetInfo:
    """Return a data set's declaration, without loading it.

    Args:
        name: the data set, and after a colon `validation=SHARE`, the share of what the test split leaves that
            validates where there are no folds (one over a whole number), or `block=TOKENS` for texts, separated by
            commas.
    Raises:
        UnknownName: a data set or option that does not exist, naming the nearest ones.
        TaskError: an option's value is not allowed.
    """
    base = base_name(name)
    if base not in DATASETS:
        raise unknown("data set", base, DATASETS)
    info = DATASETS[base]
    for option in filter(None, name[len(base) + 1 :].split(",")):
        key, _, value = option.partition("=")
        info = _with(info, base, key, value)
    return info


def _with(info: DatasetInfo, base: str, key: str, value: str) -> DatasetInfo:
    if key == "validation":
        return replace(info, validation_share=_share(base, value))
    if key == "block" and info.kind == "text":
        if not value.isdecimal() or int(value) < 1:
            raise TaskError(f"data set {base!r}: block is {value!r}; allowed are whole numbers from 1")
        return replace(info, shape=(int(value),))
    allowed = "validation and block" if info.kind == "text" else "validation"
    raise UnknownName(f"data set {base!r} has no option {key!r}; allowed is {allowed}")


def _share(base: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share <= LARGEST_VALIDATION_SHARE or abs(1 / share - round(1 / share)) > 1e-6:
        raise TaskError(
            f"data set {base!r}: validation is {value!r}; allowed is one over a whole number from 2, such as 0.1"
        )
    return share
