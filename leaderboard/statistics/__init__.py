"""Statistics of runs and tasks: tests, effect sizes, intervals, scores; pure functions over arrays."""
