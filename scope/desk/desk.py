"""What the application knows: products, table, classes, and what to show first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.desk.products import (
    Target,
    class_columns,
    class_parents,
    desk_folder,
    find_targets,
    prepare_table,
)
from scope.desk.sql_text import row_id
from scope.desk.star_curves import CurveReader
from scope.desk.table import Question, StarTable
from scope.io import read_metadata

if TYPE_CHECKING:
    from scope.config import Config
    from scope.desk.label_mode import Labelling
    from scope.desk.pictures import Pictures

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
    pictures : Pictures or None
        None: the rows are stars.
    labels : mapping of class tag to str, optional
        By default those of the configuration.
    """

    targets: dict[str, Target]
    table: StarTable
    curves: CurveReader
    config: Config
    models: Path = Path("models")
    labelling: Labelling | None = None
    pictures: Pictures | None = None
    labels: Mapping[str, str] | None = None

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

    @classmethod
    def of_pictures(
        cls, pictures: Pictures, *, config: Config | None = None, threads: int | None = None
    ) -> Desk:
        """Make the table of a source of pictures where it is missing.

        Raises
        ------
        InputError, ConfigError
        """
        from scope.config import load_config
        from scope.desk.pictures import prepare_pictures

        config = load_config() if config is None else config
        path = prepare_pictures(pictures)
        targets = {pictures.name: Target(pictures.name, pictures.folder, path, by_star=False)}
        table = StarTable({pictures.name: path}, threads)
        curves = CurveReader(table, targets, None, config.cleaning_options())
        return cls(targets, table, curves, config, pictures=pictures)

    @property
    def task(self) -> str:
        """Name of the task in the ledger of labels."""
        return "variables" if self.pictures is None else self.pictures.task

    @property
    def noun(self) -> str:
        """Word for the rows, in the plural."""
        if self.pictures is not None:
            return self.pictures.noun
        by_star = all(one.by_star for one in self.targets.values())
        return "stars" if by_star else "light curves"

    def object_of(self, row: Mapping[str, Any]) -> str:
        """Return what the ledger of labels calls a row: the name of its star, where it has one."""
        if self.pictures is not None:
            return str(row["object"])
        return str(row.get("obj_id") or row["_id"])

    @property
    def object_sql(self) -> str:
        """What the ledger of labels calls a row, as SQL; see `object_of`."""
        own = "CAST(_id AS VARCHAR)"
        if self.pictures is not None:
            return "CAST(object AS VARCHAR)"
        return f"coalesce(nullif(obj_id, ''), {own})" if "obj_id" in self.table.kinds else own

    @property
    def identity(self) -> list[str]:
        """Columns that every answer has, whether or not they are shown."""
        return [name for name in ("_id", "ra", "dec") if name in self.table.kinds]

    def place_of(self, text: str) -> tuple[str, str] | None:
        """Return target and ``_id`` of what the ledger calls so, the first if several are.

        A star with a name may also be asked for by its ``_id``, or that of any of its light curves.
        """
        if self.pictures is not None or "obj_id" in self.table.kinds:
            # Before a table of millions is read for its ids alone.
            sql = f"SELECT target, _id FROM stars WHERE {self.object_sql} = $name "
            rows = self.table.ask(f"{sql} ORDER BY target, row LIMIT 1", {"name": text}).to_pylist()
            if rows or self.pictures is not None:
                return (rows[0]["target"], str(rows[0]["_id"])) if rows else None
        number = row_id(text)
        if number is None:
            return None
        rows = ((name, self.table.find_with_light_curve(name, number)) for name in self.targets)
        return next(((name, str(row["_id"])) for name, row in rows if row is not None), None)

    @cached_property
    def classes(self) -> list[dict[str, Any]]:
        """Tag, label, parent and column of each class of the table, parents first."""
        if self.pictures is not None:
            return []
        columns = class_columns(list(self.table.kinds))
        labels = self.config.class_labels() if self.labels is None else self.labels
        record: dict[str, Any] = {}
        for target in self.targets.values():
            record |= read_metadata(target.rows_file)
        return [
            {"tag": tag, "label": labels.get(tag, tag), "parent": parent, "column": columns[tag]}
            for tag, parent in class_parents(list(columns), record).items()
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
        first = FIRST_COLUMNS if self.pictures is None else self.pictures.first
        return {
            "task": self.task,
            "noun": self.noun,
            "stamps_in_table": self.pictures is not None and self.pictures.in_table,
            "graded": [] if self.pictures is None else list(self.pictures.graded),
            "targets": [
                {"name": one.name, "by_star": one.by_star} for one in self.targets.values()
            ],
            "total": table.total,
            "columns": table.columns,
            "first": [name for name in first if name in table.filled],
            "diagrams": [one.facts for one in table.diagrams.values()],
            "classes": self.classes,
            "labelling": None if self.labelling is None else self.labelling.about(),
        }
