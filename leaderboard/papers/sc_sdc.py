"""Chapter 3 of Tessera's thesis: tests of sparse against dense, correlations, and curves over width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.leaderboard.designs import analyse, paired_columns
from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.charts import Point, kinds_chart
from nasbench_sparse.leaderboard.papers.evidence import NOTHING, Evidence, compared, together
from nasbench_sparse.leaderboard.papers.rendered import Rendered, table_of
from nasbench_sparse.leaderboard.papers.values import Value, grouped, values
from nasbench_sparse.leaderboard.statistics.kendall import kendall_tau
from nasbench_sparse.runner.design import Design
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

Training = tuple[frozenset[tuple[str, Any]], int]
"""Config and replicate."""

NETWORKS = ("sparse", "dense")
FINAL = ("test_loss", "test_accuracy")
FEWEST = 5
"""Networks that a rank correlation is of; of two it is 1 whatever they are."""
MEASURES = {"‖g‖₁": "grad_norm_1", "‖g‖₂": "grad_norm_2", "EGF₁": "egf_1", "EGF₂": "egf_2"}


def designs(artefact: Artefact, scale: Scale) -> Iterator[tuple[str, Design]]:
    """Yield the comparisons of an artefact with the group each belongs to."""
    for label, plans in artefact.at(scale).groups.items():
        for plan in plans:
            assert isinstance(plan, Design)
            yield label, plan


def wilcoxon(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Tables 3.3 and A.1 to A.3: p-values of the one-tailed exact signed-rank test."""
    cells: dict[Place, Measured] = {}
    for _, design in designs(artefact, scale):
        if not values(store, design.task, design.metric):
            continue
        for finding in analyse(store, design).findings:
            row, column = (str(finding.where[name]) for name in design.by)
            if finding.test is not None:
                test = finding.test
                text = "" if test.p_value is not None else f"too few ({test.n})"
                cells[row, column] = Measured(test.p_value, n=test.n, text=text)
    notes = ("p-values of single tests, as published: not corrected for their number.",)
    return table_of(artefact, scale, "optimizer", cells, digits=3, notes=notes)


def correlations(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 3.1: the mean over configurations of |tau| between a measure and test loss or accuracy."""
    cells: dict[Place, Measured] = {}
    for label in artefact.at(scale).groups:
        read = [Columns.of(store, design) for group, design in designs(artefact, scale) if group == label]
        for (name, measure), network, metric in product(MEASURES.items(), NETWORKS, FINAL):
            taus = [tau for columns in read for tau in columns.taus(measure, metric, network).values()]
            place = (f"{label} {name}", f"{network} {metric.replace('_', ' ')}")
            most = max((columns.most(network) for columns in read), default=0)
            if taus:
                cells[place] = Measured(float(np.mean(taus)), n=len(taus))
            elif most:
                cells[place] = Measured(None, n=most, text=f"too few ({most})" if most < FEWEST else "undefined")
    notes = (
        "tau-b between a measure, averaged over the thesis's eleven points, and the final test result, over the "
        f"widths and seeds of one configuration, of which there are at least {FEWEST}; the mean of |tau| over "
        "configurations.",
    )
    return table_of(artefact, scale, "measure", cells, digits=3, notes=notes)


@dataclass(frozen=True, slots=True)
class Columns:
    """Means of the measures and final test results of a comparison, by training."""

    design: Design
    values: Mapping[str, Mapping[Training, Value]]

    @classmethod
    def of(cls, store: Store, design: Design) -> Columns:
        """Read them."""
        wanted = {**dict.fromkeys(MEASURES.values(), "mean"), **dict.fromkeys(FINAL, "end")}
        held = {metric: values(store, design.task, metric, at) for metric, at in wanted.items()}
        return cls(
            design,
            {
                metric: {(frozenset(one.config.items()), one.replicate): one for one in found}
                for metric, found in held.items()
            },
        )

    def most(self, network: str) -> int:
        """Return how many networks of a kind there are at most of one optimizer and variant."""
        held = (one.config for one in self.values["test_loss"].values() if one.config["network"] == network)
        return max(Counter(tuple(config[name] for name in self.design.by) for config in held).values(), default=0)

    def taus(self, measure: str, metric: str, network: str) -> dict[Place, float]:
        """Return |tau| of each optimizer and variant; where it is not defined or of fewer than `FEWEST`, none."""
        pairs: dict[Place, list[tuple[float, float]]] = {}
        for key, one in self.values[measure].items():
            other = self.values[metric].get(key)
            if other is not None and one.config["network"] == network:
                optimizer, variant = (str(one.config[name]) for name in self.design.by)
                pairs.setdefault((optimizer, variant), []).append((one.value, other.value))
        found = {
            place: kendall_tau(*zip(*both, strict=True), unit="networks").tau
            for place, both in pairs.items()
            if len(both) >= FEWEST
        }
        return {place: abs(tau) for place, tau in found.items() if tau is not None}


def curves(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figures 3.3, 3.4 and A.10 to A.18: test accuracy and mean EGF over the dense width."""
    shown = {"accuracy": ("test_accuracy", "end", "test accuracy"), "flow": ("egf_2", "mean", "mean EGF₂")}
    return _curves(artefact, scale, store, shown)


def other_measures(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figures A.3 to A.8: the other measures of gradient flow."""
    names = {"egf-1": "EGF₁", "norm-1": "‖g‖₁", "norm-2": "‖g‖₂"}
    return _curves(
        artefact, scale, store, {file: (MEASURES[name], "mean", f"mean {name}") for file, name in names.items()}
    )


def _curves(artefact: Artefact, scale: Scale, store: Store, shown: dict[str, tuple[str, str, str]]) -> Rendered:
    cells: dict[Place, Measured] = {}
    charts = []
    for file, (metric, at, label) in shown.items():
        panels: dict[str, dict[str, dict[str, list[Point]]]] = {}
        for group, design in designs(artefact, scale):
            found = values(store, design.task, metric, at)
            panels |= _panels(group, design, found)
            for (row, network), each in grouped(found, partial(_row, group, design)).items():
                cells[row, f"{network} {label}"] = averaged(each)
        if panels:
            alt = f"{label} over dense width, sparse solid and dense dashed, {artefact.caption}"
            charts.append(kinds_chart(file, alt, panels, "dense width, % of the widest", label))
    notes = ("Means over widths and seeds; the charts show them by width.",)
    return table_of(artefact, scale, "configuration", cells, digits=4, notes=notes, charts=tuple(charts))


def _row(group: str, design: Design, one: Value) -> Place:
    parts = [group, *(str(one.config[name]) for name in design.by)]
    return ", ".join(part for part in parts if part), str(one.config["network"])


def _panels(group: str, design: Design, found: list[Value]) -> dict[str, dict[str, dict[str, list[Point]]]]:
    """Return a panel for each optimizer, with a line over the dense width for each kind of network and variant."""
    names = (*design.by, "network", "width")
    panels: dict[str, dict[str, dict[str, list[Point]]]] = {}
    for key, each in grouped(found, lambda one: tuple(str(one.config[name]) for name in names)).items():
        optimizer, variant, network, width = key
        title = ", ".join(part for part in (group, optimizer) if part)
        kinds = panels.setdefault(title, {kind: {} for kind in NETWORKS})
        kinds[network].setdefault(variant, []).append((float(width.rstrip("%")), float(each.mean())))
    return panels


def batch_norm_favours_sparse(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test sparse against dense with BatchNorm, for SGD and SGD with momentum."""
    parts = []
    for _, design in designs(artefact, scale):
        if not values(store, design.task, design.metric):
            return NOTHING
        for optimizer in ("SGD", "Mom (0.9)"):
            pairs = paired_columns(
                store, design, ("sparse", "dense"), where={"optimizer": optimizer, "regularisation": "BN"}
            )
            whole = ~np.isnan(pairs.first + pairs.second)
            what = f"{optimizer}: sparse {{first:.3f}}, dense {{second:.3f}}"
            if pairs.units:
                parts.append(compared(pairs.first[whole], pairs.second[whole], what))
    return together(parts)


def egf_correlates(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test |tau| of EGF_2 against that of the plain 2-norm with test loss, paired by configuration."""
    pairs: list[tuple[float, float]] = []
    for _, design in designs(artefact, scale):
        columns = Columns.of(store, design)
        egf, plain = (columns.taus(name, "test_loss", "sparse") for name in ("egf_2", "grad_norm_2"))
        pairs += [(egf[place], plain[place]) for place in egf if place in plain]
    first, second = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    return compared(first, second, "|tau| with test loss: EGF₂ {first:.3f}, ‖g‖₂ {second:.3f}")
