"""Tabular benchmarks: every config of a task trained once, then looked up exactly.

A table is filled by runs of an enumerating optimizer into a store (`build`), may be exported as Parquet with a
manifest (`parquet`, `manifest`), and is asked through `Table`. Nothing heavy is imported before it is used.
"""
