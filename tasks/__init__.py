"""Declared tasks and suites."""
