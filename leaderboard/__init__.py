"""The engine's leaderboard: who found the lowest loss, on which tasks, at what cost; computed from the store."""
