"""The report of a demo run: one HTML file that needs nothing beside it."""

from sandbox.demo.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
