"""Pictures and tables that people look at, one self-contained HTML file per target."""

from scope.report.fetch_examples import fetch_examples
from scope.report.plot_report import plot_report

__all__ = ["fetch_examples", "plot_report"]
