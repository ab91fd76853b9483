"""Core types: frozen data and the contracts between spaces, tasks, optimizers, executors and the store."""
