"""Lets `python -m nasbench_sparse` do what `nasbench-sparse` does."""

import sys

from nasbench_sparse.cli import main

if __name__ == "__main__":
    sys.exit(main())
