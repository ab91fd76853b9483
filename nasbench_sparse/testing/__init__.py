"""Conformance suites that plug-in authors run too."""
