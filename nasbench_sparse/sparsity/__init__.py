"""Sparsity as combinations: a score x a distribution or pattern x a schedule make masks; all are pure functions."""
