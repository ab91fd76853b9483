"""Random streams: every generator is named and derives from data set, replicate and fold alone.

A stream never depends on the config, the fidelity or the order of trials: all configs of a replicate share
their initialisation, data order and random masks (common random numbers), which pairs them.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


def stream_seed(dataset: str, replicate: int, fold: int, stream: str) -> int:
    """Return the 63-bit seed of a named stream, equal in every process and on every machine."""
    text = f"{dataset}|{replicate}|{fold}|{stream}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 1


def generator(dataset: str, replicate: int, fold: int, stream: str) -> np.random.Generator:
    """Return numpy's PCG64 generator of a named stream."""
    return np.random.default_rng(stream_seed(dataset, replicate, fold, stream))
