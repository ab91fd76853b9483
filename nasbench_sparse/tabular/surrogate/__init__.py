"""Surrogates: predicted learning curves of configs that a table does not hold, and how good they are.

Boosted trees are fitted with scikit-learn and kept as plain numbers, from which every machine predicts the same
bits. A surrogate whose held-out predictions are not good enough is refused when it is fitted and when it is read.
"""
