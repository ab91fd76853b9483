"""Tables: what every config of a task came to, asked for exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson

from nasbench_sparse.core.config import Config, Value, config_key, plain
from nasbench_sparse.core.curve import Curve, CurvePoint, mean_curve
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, SearchStep, Status
from nasbench_sparse.errors import IncompleteTable, InvalidConfig, NotInTable, OutsideFidelity, TableError
from nasbench_sparse.tabular.curves import Curves, Floats
from nasbench_sparse.tabular.nearest import nearest_configs
from nasbench_sparse.tabular.searches import Searches

if TYPE_CHECKING:
    import polars as pl

    from nasbench_sparse.store import Store
    from nasbench_sparse.tabular.surrogate.model import Surrogate

Key = tuple[str, int]


class Answer(NamedTuple):
    """One training at an epoch: `point` is the mean over folds, None (and `loss` the worst) where it diverged.

    `predicted` tells a surrogate's answer from a recorded one.
    """

    status: Status
    loss: float
    point: CurvePoint | None
    predicted: bool = False


class Optimum(NamedTuple):
    """The best config of a table: its mean loss, the loss of each replicate, and its largest density."""

    config: dict[str, Value]
    loss: float
    replicate_losses: tuple[float, ...]
    density: float


class Table:
    """The recorded trainings of a task: exact at every config, epoch and replicate; a guess only if asked for.

    Args:
        task: whose table it is.
        keys, configs: config_key and JSON of each config; the first `listed` are those the table is to cover, in
            order, others were recorded besides.
        curves: by number of config.
        replicates: how many the table is to cover.
        searches: recorded searches of one-shot optimizers.
        surrogate: reads the surrogate that was fitted on the table; None if there is none.

    Use `Table.load`, or `nasbench_sparse.tabular.stored.stored_table` for what a store holds.
    """

    def __init__(
        self,
        task: Task,
        keys: Sequence[str],
        configs: Sequence[str],
        curves: Curves,
        *,
        listed: int,
        replicates: int,
        searches: Searches | None = None,
        surrogate: Callable[[], Surrogate] | None = None,
    ) -> None:
        self.task, self.keys, self.curves = task, keys, curves
        self.listed, self.replicates = listed, replicates
        self.searches = searches or Searches()
        self._configs, self._surrogate = configs, surrogate
        self._index = {key: number for number, key in enumerate(keys)}

    @classmethod
    def load(cls, name_or_path: str | Path, *, task: Task | None = None, store: Store | None = None) -> Table:
        """Read a table.

        Args:
            name_or_path: a task whose table was imported or came with the package, or the folder of an export.
            task: whose table it is, where the task is not registered.
            store: read the task's table in this store instead.
        Raises:
            TableError: there is none, or it is damaged, or of another version of the task.
        """
        from nasbench_sparse.tabular.places import load_table

        return load_table(name_or_path, task, store)

    # -- questions ------------------------------------------------------------------------------------------

    def query(
        self, config: Config, at: int | None = None, replicate: int = 0, *, predicted: bool = False
    ) -> Answer:
        """Return how a config's training stood after `at` units of fidelity, all of them by default.

        Args:
            predicted: let the table's surrogate answer what is not recorded; its answers say so.
        Raises:
            NotInTable: no such config or replicate, naming the nearest configs, or one that was not trained.
            OutsideFidelity: `at` lies outside the task's range.
            TableError: a replicate that is no whole number; a surrogate that is damaged, or not good enough.
        """
        step = self._step(at)
        try:
            training = self._find(config, replicate)
        except NotInTable:
            if not predicted or self.surrogate is None:
                raise
            return self._predicted(self.surrogate, config, step)
        points = self.curves.points(training, step)
        if len(points) < self.task.folds:
            if training >= 0 and not self.curves.diverged[training]:
                raise NotInTable(f"{self._named(config, replicate)} is recorded for fewer than {step} epochs")
            return self._diverged
        if not all(map(self.task.objective.is_finite, points)):
            return self._diverged
        point = points[0] if len(points) == 1 else mean_curve([(p,) for p in points])[0]
        return Answer(Status.OK, self.task.objective.loss(point), point)

    @property
    def _diverged(self) -> Answer:
        return Answer(Status.DIVERGED, self.task.objective.worst, None)

    def curve(self, config: Config, replicate: int = 0) -> Curve:
        """Return a config's learning curve, the mean over folds, as recorded; it ends where it diverged.

        Raises:
            NotInTable: see `query`.
        """
        folds = self.curves.folds(self._find(config, replicate))
        return mean_curve(folds) if folds else ()

    def best(self, at: int | None = None, density_at_most: float | None = None) -> Optimum:
        """Return the known optimum: the lowest mean over replicates of the loss after `at` units of fidelity.

        Of configs that tie the first one counts. A diverged training has the objective's worst loss.

        Args:
            density_at_most: bounds the density recorded there, in every replicate.
        Raises:
            IncompleteTable: some trainings are missing, so that the optimum is not known.
            OutsideFidelity: see `query`.
            NotInTable: no config is that sparse.
        """
        step = self._step(at)
        losses = self.losses(step)
        if np.isnan(losses).any() or not losses.size:
            missing, total = int(np.isnan(losses).sum()), losses.size
            raise IncompleteTable(
                f"the table of {self.task.name!r} lacks {missing:,} of {total:,} trainings, so its optimum is not "
                "known: `table build` trains them (`missing()` lists them)"
            )
        means = losses.mean(axis=1)
        densities = _row_maxima(self.curves.densities(step, self.task.folds)[: self.listed, : self.replicates])
        if density_at_most is not None:
            if not (densities <= density_at_most).any():
                raise NotInTable(
                    f"no config of {self.task.name!r} has a density of at most {density_at_most:g}; "
                    f"the lowest is {np.nanmin(densities):g}"
                )
            means = np.where(densities <= density_at_most, means, np.inf)
        number = int(np.argmin(means))
        return Optimum(
            self.config(number), float(means[number]), tuple(losses[number].tolist()), float(densities[number])
        )

    def losses(self, at: int | None = None) -> Floats:
        """Return the losses (configs, replicates) that the table is to cover; NaN where one is missing."""
        found = self.curves.losses(self.task.objective, self._step(at), self.task.folds)
        return found[: self.listed, : self.replicates]

    def missing(self) -> list[tuple[dict[str, Value], int]]:
        """Return the configs and replicates that the table is to cover and does not, to the full fidelity."""
        gaps = np.argwhere(np.isnan(self.losses()))
        return [(self.config(int(number)), int(replicate)) for number, replicate in gaps]

    def frame(self) -> pl.DataFrame:
        """Return a row for each curve point: config_key, config (a struct), replicate, fold, step, and values."""
        from nasbench_sparse.tabular.frame import table_frame

        return table_frame(self)

    @cached_property
    def surrogate(self) -> Surrogate | None:
        """What predicts the configs that are not recorded, if it was fitted.

        Raises:
            TableError: it is damaged, or not good enough.
        """
        return None if self._surrogate is None else self._surrogate()

    # -- parts ----------------------------------------------------------------------------------------------

    def config(self, number: int) -> dict[str, Value]:
        """Return a config by its number."""
        config: dict[str, Value] = orjson.loads(str(self._configs[number]))
        return config

    @property
    def configs(self) -> Iterator[dict[str, Value]]:
        """All configs, in order."""
        return (self.config(number) for number in range(len(self.keys)))

    @cached_property
    def evaluations(self) -> Mapping[Key, Evaluation]:
        """The trainings by config_key and replicate; each is built when it is asked for."""
        return _Evaluations(self)

    @property
    def complete(self) -> bool:
        """Whether nothing that the table is to cover is missing."""
        return self.listed > 0 and not bool(np.isnan(self.losses()).any())

    def find(self, key: str, replicate: int) -> int:
        """Return the number of a training; -1 if it is not recorded."""
        number = self._index.get(key)
        return -1 if number is None else self.curves.find(number, replicate)

    def search(self, step: SearchStep, replicate: int) -> Mapping[int, Evaluation]:
        """Return the recorded steps of the search that a step belongs to."""
        return self.searches.steps(step, replicate)

    def not_found(self, config: Config, replicate: int) -> NotInTable:
        """Build the error for a config that is not in the table, naming the nearest ones."""
        if config_key(config) in self._index:
            held = [r for r in range(self.curves.slots.shape[1]) if self.find(config_key(config), r) != -1]
            others = f"has replicates {', '.join(map(str, held))} of it" if held else "lists it without a training"
            return NotInTable(f"{self._named(config, replicate)} was not trained: the table {others}")
        near = "; ".join(str(found) for found in nearest_configs(config, self.configs))
        return NotInTable(f"{self._named(config, replicate)} is not in the table; the nearest are {near or 'none'}")

    def _find(self, config: Config, replicate: int) -> int:
        whole = _whole(replicate)
        if whole is None:
            raise TableError(f"a replicate is a whole number from 0, not {replicate!r}")
        try:
            number = self._index.get(config_key(config))
        except InvalidConfig:
            number = None
        if number is None:
            canonical = self._canonical(config)
            number = self._index.get(config_key(canonical))
            if number is None:
                raise self.not_found(canonical, whole)
        training = self.curves.find(number, whole)
        if training == -1:
            raise self.not_found(self.config(number), whole)
        return training

    def _predicted(self, surrogate: Surrogate, config: Config, step: int) -> Answer:
        curve = surrogate.curve(self._canonical(config))
        if len(curve) < step:
            return Answer(Status.DIVERGED, self.task.objective.worst, None, True)
        return Answer(Status.OK, self.task.objective.loss(curve[step - 1]), curve[step - 1], True)

    def _canonical(self, config: Config) -> dict[str, Value]:
        given = plain(config)
        try:
            canonical = self.task.space.canonical(given)
        except (KeyError, TypeError, ValueError) as error:
            fields = ", ".join(self.task.space.fields)
            raise NotInTable(
                f"{given!r:.120} is no config of {self.task.name!r}: its fields are {fields}"
            ) from error
        self.task.space.validate(canonical)
        return canonical

    def _step(self, at: int | None) -> int:
        fidelity = self.task.fidelity
        if at is None:
            return fidelity.max
        step = _whole(at)
        if step is None or step not in fidelity:
            allowed = f"{fidelity.min} to {fidelity.max} {fidelity.unit}"
            raise OutsideFidelity(f"task {self.task.name!r} is trained for {allowed}, not {at!r}")
        return step

    def _named(self, config: Config, replicate: int) -> str:
        return f"config {dict(config)} at replicate {replicate} of {self.task.name!r}"


class _Evaluations(Mapping[Key, Evaluation]):
    """A table's trainings as a mapping, none of which is built before it is asked for."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __getitem__(self, key: Key) -> Evaluation:
        training = self._table.find(*key)
        if training == -1:
            raise KeyError(key)
        return self._table.curves.evaluation(training)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and self._table.find(*key) != -1

    def __iter__(self) -> Iterator[Key]:
        for number, replicate in np.argwhere(self._table.curves.slots != -1).tolist():
            yield self._table.keys[number], replicate

    def __len__(self) -> int:
        return len(self._table.curves)


def _row_maxima(values: Floats) -> Floats:
    """Return the largest number of each row; NaN where there is none."""
    largest = np.where(np.isnan(values), -np.inf, values).max(axis=1)
    return np.where(np.isneginf(largest), np.nan, largest)


def _whole(value: object) -> int | None:
    """Return a whole number, also NumPy's, as an int; None for anything else."""
    if isinstance(value, bool):
        return None
    return int(value) if isinstance(value, Integral) else None
