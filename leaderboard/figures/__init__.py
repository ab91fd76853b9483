"""Figures of the report, drawn with matplotlib in one colour-blind-safe style, equal to the byte each time."""
