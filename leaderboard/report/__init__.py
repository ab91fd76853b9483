"""The report: one self-contained page, with its figures and tables as files for papers."""

from nasbench_sparse.leaderboard.report.build import Report, build_report

__all__ = ["Report", "build_report"]
