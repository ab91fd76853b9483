"""The runner: drives optimizers and executors, and writes the log."""
