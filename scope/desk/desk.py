"""What the application knows: products, table, classes, and what to show first."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from scope.desk.products import Target, class_columns, desk_folder, find_targets, prepare_table
from scope.desk.table import StarTable

FIRST_COLUMNS = (
    *("_id", "obj_id", "ra", "dec", "mag", "period", "amplitude", "n_epochs", "class", "class_p"),
    "reason",
)
"""Columns that the table shows at first, those that there are."""


@dataclass(frozen=True)
class Desk:
    """A folder of results, ready to be asked.

    Attributes
    ----------
    targets : dict of str to Target
    table : StarTable
    archive : Path or None
        Folder of light curves to look in besides the products.
    """

    targets: dict[str, Target]
    table: StarTable
    archive: Path | None = None
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls, results: str | Path, *, archive: str | Path | None = None, threads: int | None = None
    ) -> Desk:
        """Find the products of a folder and make the tables of the desk where they are missing.

        Raises
        ------
        NotFoundError, InputError
        """
        targets = {target.name: target for target in find_targets(results)}
        folder = desk_folder(Path(results))
        files = {name: prepare_table(target, folder) for name, target in targets.items()}
        return cls(targets, StarTable(files, threads), None if archive is None else Path(archive))

    @property
    def identity(self) -> list[str]:
        """Columns that every answer has, whether or not they are shown."""
        return [name for name in ("_id", "ra", "dec") if name in self.table.kinds]

    @cached_property
    def classes(self) -> list[dict[str, Any]]:
        """Tag, label, parent and column of each class of the table, parents first."""
        from scope.config.classes import class_definitions

        columns = class_columns(list(self.table.kinds))
        known = {one.tag: one for one in class_definitions()}
        found = []
        for tag, column in columns.items():
            one = known.get(tag)
            parent = None if one is None else one.parent
            while parent is not None and parent not in columns:
                parent = known[parent].parent
            label = tag if one is None else one.label
            found.append({"tag": tag, "label": label, "parent": parent, "column": column})
        return found

    def about(self) -> dict[str, Any]:
        """Return what the first screen needs to know."""
        table = self.table
        return {
            "targets": [
                {"name": one.name, "by_star": one.by_star} for one in self.targets.values()
            ],
            "total": table.total,
            "columns": table.columns,
            "first": [name for name in FIRST_COLUMNS if name in table.kinds],
            "diagrams": [one.facts for one in table.diagrams.values()],
            "classes": self.classes,
            "labelling": None,
        }
