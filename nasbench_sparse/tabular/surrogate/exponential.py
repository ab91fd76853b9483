"""The exponential function with the same bits on every machine, which libraries do not promise."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LN2_HIGH = 0.693147180369123816490  # 33 bits, so that its product with a small integer is exact
_LN2_LOW = 1.90821492927058770002e-10

LARGEST = 700.0
"""Arguments are held within plus and minus this, where neither infinity nor a denormal comes out."""


def exp(x: Floats) -> Floats:
    """Return e**x to about one unit in the last place, by additions and products alone, which IEEE 754 fixes.

    x = n ln 2 + r with |r| <= ln 2 / 2; e**r is its Taylor series of degree 13, and 2**n is exact.
    """
    x = np.clip(x, -LARGEST, LARGEST)
    n = np.rint(x * (1.0 / math.log(2.0)))
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    series = np.full_like(x, 1.0 / math.factorial(13))
    for k in range(12, -1, -1):
        series = series * r + 1.0 / math.factorial(k)
    return np.ldexp(series, n.astype(np.int64))
