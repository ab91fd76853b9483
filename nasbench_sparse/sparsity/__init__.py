"""Sparsity: scores and masks."""
