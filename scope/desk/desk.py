"""What the application knows: products, table, classes, and what to show first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.desk.curves import CurveReader
from scope.desk.products import (
    Target,
    class_columns,
    class_parents,
    desk_folder,
    find_targets,
    prepare_table,
)
from scope.desk.table import Question, StarTable

if TYPE_CHECKING:
    from scope.config import Config
    from scope.desk.labelling import Labelling

FIRST_COLUMNS = (
    *("_id", "obj_id", "ra", "dec", "mag", "period", "amplitude", "n_epochs", "class", "class_p"),
    "reason",
)
"""Columns that the table shows at first, those that have a value anywhere."""


@dataclass(frozen=True, eq=False)
class Desk:
    """A folder of results, ready to be asked.

    Attributes
    ----------
    targets : dict of str to Target
    table : StarTable
    curves : CurveReader
    config : Config
    models : Path
        Folder of models.
    labelling : Labelling or None
        None: nothing is written.
    """

    targets: dict[str, Target]
    table: StarTable
    curves: CurveReader
    config: Config
    models: Path = Path("models")
    labelling: Labelling | None = None

    @classmethod
    def open(
        cls,
        results: str | Path,
        *,
        archive: str | Path | None = None,
        models: str | Path = "models",
        config: Config | None = None,
        threads: int | None = None,
    ) -> Desk:
        """Find the products of a folder and make the tables of the desk where they are missing.

        Parameters
        ----------
        archive : path, optional
            Folder of light curves to look in besides the products.
        models : path
            Folder of models.
        config : Config, optional
            By default that of the working directory.

        Raises
        ------
        NotFoundError, InputError, ConfigError
        """
        from scope.config import load_config

        config = config or load_config()
        targets = {target.name: target for target in find_targets(results)}
        folder = desk_folder(Path(results))
        files = {name: prepare_table(target, folder) for name, target in targets.items()}
        table = StarTable(files, threads, readable=[Path(results)])
        where = None if archive is None else Path(archive)
        curves = CurveReader(table, targets, where, config.cleaning_options())
        return cls(targets, table, curves, config, Path(models))

    @property
    def identity(self) -> list[str]:
        """Columns that every answer has, whether or not they are shown."""
        return [name for name in ("_id", "ra", "dec") if name in self.table.kinds]

    def place_of(self, text: str) -> str | None:
        """Return the target that has a star of this ``_id``, the first if several have."""
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            return None
        return next((name for name in self.targets if self.table.find(name, int(text))), None)

    @cached_property
    def classes(self) -> list[dict[str, Any]]:
        """Tag, label, parent and column of each class of the table, parents first."""
        from scope.config.classes import class_definitions

        columns = class_columns(list(self.table.kinds))
        labels = {one.tag: one.label for one in class_definitions()}
        return [
            {"tag": tag, "label": labels.get(tag, tag), "parent": parent, "column": columns[tag]}
            for tag, parent in class_parents(list(columns)).items()
        ]

    def warm_up(self) -> None:
        """Ask what the first screen asks, so that nobody waits while footers are read."""
        first = [*self.identity, *self.about()["first"]]
        self.table.page(Question(), first)
        for name in self.table.diagrams:
            self.table.density(Question(), name)

    def about(self) -> dict[str, Any]:
        """Return what the first screen needs to know."""
        table = self.table
        return {
            "targets": [
                {"name": one.name, "by_star": one.by_star} for one in self.targets.values()
            ],
            "total": table.total,
            "columns": table.columns,
            "first": [name for name in FIRST_COLUMNS if name in table.filled],
            "diagrams": [one.facts for one in table.diagrams.values()],
            "classes": self.classes,
            "labelling": None if self.labelling is None else self.labelling.about(),
        }
