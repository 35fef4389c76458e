"""What all figures of this package that are files have in common."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from scope.errors import UsageError
from scope.io import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")
DNN_COLOUR, XGB_COLOUR = "#4084d6", "#d97706"
SEQUENTIAL = "viridis"


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of a size in inches, and its axes; it needs no display."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure, whole or not at all; the same figure gives the same bytes.

    Raises
    ------
    UsageError
        If the suffix is none of `FORMATS`.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise UsageError("format of a figure", value=str(path), allowed=FORMATS)
    # No date, and no version of the library, in the file.
    nothing: dict[str, dict[str, object]] = {
        ".png": {"Software": None},
        ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        ".svg": {"Date": None, "Creator": None},
    }
    import matplotlib

    buffer = io.BytesIO()
    # Identifiers inside of an SVG are random without a salt.
    with matplotlib.rc_context({"svg.hashsalt": "scope"}):
        figure.savefig(buffer, format=path.suffix[1:], dpi=120, metadata=nothing[path.suffix])
    write_bytes(buffer.getvalue(), path)
    return path
