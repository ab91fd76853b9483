"""Version of stacked training, part of a stacked task's fingerprint: it goes up when any of its results changes."""

STACKED_ENGINE = "1"
