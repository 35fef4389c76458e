"""Where the files that are no Python lie: the workflow, its configuration, the starter models."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

CHECKOUT = _PACKAGE.parent if (_PACKAGE.parent / "Snakefile").is_file() else _PACKAGE / "_checkout"
"""Folder with ``Snakefile``, ``rules``, ``workflow``, ``config``, ``profiles`` and ``models``.

The checkout, where the library is used from one; a package that was built has a copy inside.
"""

SHIPPED_MODELS = CHECKOUT / "models"
SNAKEFILE = CHECKOUT / "Snakefile"
