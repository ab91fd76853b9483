"""The fields a journal line may have, with the types DuckDB reads them as."""

from __future__ import annotations

from typing import Any

from nasbench_sparse.store.encode import FLOAT_FIELDS

_CURVE: dict[str, Any] = {
    "step": ["INTEGER"],
    **{name: ["DOUBLE"] for name in FLOAT_FIELDS},
    "metrics": ["MAP(VARCHAR, DOUBLE)"],
    "last": "VARCHAR",
}

# Numbers may arrive as the strings "nan", "inf" and "-inf": the cast to DOUBLE reads them.
EVENT: dict[str, Any] = {
    "event": "VARCHAR",
    "seq": "BIGINT",
    "time": "VARCHAR",
    "run": {
        "study": "VARCHAR",
        "optimizer": "VARCHAR",
        "options": "JSON",
        "source": "VARCHAR",
        "seed": "BIGINT",
        "replicate": "INTEGER",
        "workers": "INTEGER",
        "executor": "VARCHAR",
    },
    "task": {
        "fingerprint": "VARCHAR",
        "name": "VARCHAR",
        "version": "INTEGER",
        "family": "VARCHAR",
        "derived_from": "VARCHAR",
    },
    "declaration": "JSON",
    "provenance": "JSON",
    "number": "INTEGER",
    "config": "JSON",
    "key": "VARCHAR",
    "fidelity": "INTEGER",
    "replicate": "INTEGER",
    "parent": "INTEGER",
    "resumes_at": "INTEGER",
    "at": "DOUBLE",
    "search": "JSON",
    "status": "VARCHAR",
    "loss": "DOUBLE",
    "incumbent_loss": "DOUBLE",
    "units": "INTEGER",
    "seconds": "DOUBLE",
    "worker": "VARCHAR",
    "reused": "BOOLEAN",
    "predicted": "BOOLEAN",
    "error": "VARCHAR",
    "curves": [_CURVE],
    "outcome": "JSON",
    "derived_key": "VARCHAR",
    "advances": {"method": "VARCHAR", "step": "INTEGER", "seed": "BIGINT", "options": "VARCHAR"},
    "shared": [{"key": "VARCHAR", "replicate": "INTEGER", "fold": "INTEGER", "curve": _CURVE}],
    "budget": "JSON",
    "spent": "JSON",
}
