"""Compare optimizers from Python: `python compare_in_python.py [STORE]`."""

import sys
from pathlib import Path

import nasbench_sparse as nbs

OPTIMIZER = f"{Path(__file__).with_name('my_optimizer.py')}:MyOptimizer"

QUESTION = """
SELECT optimizer, count(*) AS runs, avg(loss) AS mean_loss
FROM (SELECT run_id, min(loss) AS loss FROM trials WHERE status = 'OK' GROUP BY run_id)
JOIN runs USING (run_id)
GROUP BY optimizer ORDER BY mean_loss
"""


def main(store: str) -> None:
    """Run two optimizers on the same seeds, print each incumbent, and then the means."""
    for seed in range(2):
        for optimizer in (OPTIMIZER, "random"):
            result = nbs.run("digits-mlp-densities", optimizer, seed=seed, evaluations=4, store=store)
            print(f"{result.optimizer}, seed {seed}: {result.loss:.4f} ({result.status})")
    print(nbs.Store(store).sql(QUESTION))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "comparison.duckdb")
