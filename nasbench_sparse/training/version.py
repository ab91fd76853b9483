"""Version of the training engine, part of every task's fingerprint: it goes up whenever any result changes."""

ENGINE = "1"
