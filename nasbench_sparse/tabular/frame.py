"""A table as a polars data frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_sparse.tabular.curves import FIELDS

if TYPE_CHECKING:
    import polars as pl

    from nasbench_sparse.tabular.table import Table


def table_frame(table: Table) -> pl.DataFrame:
    """Return one row for each curve point; see `Table.frame`.

    status is OK but for the last point of a training that diverged; a row of step 0 is one that did so at once.
    """
    import polars as pl

    points = table.curves.all_points()
    configs = pl.DataFrame({"config_key": list(table.keys), "config": list(table.configs)}, strict=False)
    columns = {
        "replicate": points.replicate,
        "fold": points.fold,
        "step": points.step,
    }
    values = {name: points.values[:, i] for i, name in enumerate(points.names)}
    frame = pl.DataFrame({**columns, **values})
    if points.absent is not None:
        frame = frame.with_columns(
            pl.when(pl.Series(points.absent[:, i])).then(None).otherwise(pl.col(name)).alias(name)
            for i, name in enumerate(points.names)
        )
    status = pl.Series("status", points.diverged).replace_strict(
        {True: "DIVERGED", False: "OK"}, return_dtype=pl.String
    )
    ordered = ["config_key", "config", "replicate", "fold", "step", "status", *FIELDS, *points.names[len(FIELDS) :]]
    return pl.concat([configs[points.config], frame.with_columns(status)], how="horizontal").select(ordered)
