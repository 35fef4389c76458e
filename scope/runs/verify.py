"""Whether products are whole: every page, every row, every id.

Parquet pages carry checksums that are checked while they are read, so that one wrong bit
in them is found. They depend on nothing but the content, and verifying needs no file beside
the product. The footer has none: damage there is found where it cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, ScopeError
from scope.io import iter_batches, read_ids, read_metadata, read_schema
from scope.schema import source_columns, validate

UNIT_STAGES = ("sources", "lightcurves", "crossmatch", "features", "imputed")
"""Stages with a file for each unit, in the order of the workflow."""

TARGET_STAGES = ("gathered", "scores", "nulls", "preds", "catalog")
"""Stages with files of the whole target, which come after."""

AFTER_ALL = ("stars", "examples", "report")
"""Folders whose files are made of the others and checked by no one."""

_ORDER = (*UNIT_STAGES, *TARGET_STAGES, *AFTER_ALL)


@dataclass(frozen=True)
class Product:
    """A file that was read whole.

    Attributes
    ----------
    path : Path
    rows : int
    schema : pyarrow.Schema
    stages : dict of str to int
        Which stages made it, in which version.
    ids : (rows,) int64 array or None
        None where the file has no ids.
    """

    path: Path
    rows: int
    schema: pa.Schema
    stages: dict[str, int]
    ids: npt.NDArray[np.int64] | None = field(repr=False)


@dataclass
class TargetCheck:
    """Findings of the verification of a target.

    Attributes
    ----------
    files : int
        Products that are there.
    rows : int
        Light curves of all units.
    faults : dict of Path to str
        Damaged product -> what is wrong.
    """

    files: int = 0
    rows: int = 0
    faults: dict[Path, str] = field(default_factory=dict)


def verify_file(path: str | Path) -> Product:
    """Read a product whole, with the checksums of its pages.

    Raises
    ------
    NotFoundError, CorruptFileError
        If it is not there or cannot be read to its end.
    InputError
        If its ids do not ascend, or it does not say which stages made it.
    """
    path = Path(path)
    schema, metadata = read_schema(path), read_metadata(path)
    stages = metadata.get("stages")
    if not stages:
        raise InputError(
            "file that does not say what made it",
            value=str(path),
            allowed="a product of this package",
        )
    rows = sum(piece.num_rows for piece in iter_batches(path))
    ids = read_ids(path) if "_id" in schema.names else None
    if ids is not None and np.any(steps := np.diff(ids) <= 0):
        raise InputError(
            "product whose ids do not ascend",
            value=f"{path}, row {int(np.argmax(steps)) + 1}",
            todo="make it again",
        )
    return Product(path, rows, schema, dict(stages), ids)


def verify_target(target: str, folder: str | Path = ".") -> TargetCheck:
    """Verify all products of a target that are in a run folder.

    Beside what `verify_file` checks, each file must name the stage of its folder, files of
    one stage must have one schema, and each must have the ids that its sources list.
    """
    check = TargetCheck()
    listed: dict[str, npt.NDArray[np.int64]] = {}
    complete = True
    schemas: dict[str, pa.Schema] = {}
    for stage in (*UNIT_STAGES, *TARGET_STAGES):
        for path in _products(Path(folder) / "results", stage, target):
            check.files += 1
            try:
                product = verify_file(path)
                _check_stage(product, stage)
                # Light curves have the precision that each file of the survey has.
                if stage in UNIT_STAGES and stage != "lightcurves":
                    _check_schema(product, schemas.setdefault(stage, product.schema))
                if stage == "sources" and product.ids is not None:
                    listed[path.stem] = product.ids
                _check_ids(product, _expected_ids(product, stage, listed, complete))
            except ScopeError as error:
                check.faults[path] = str(error)
                complete = complete and stage != "sources"
    check.rows = sum(len(ids) for ids in listed.values())
    return check


def targets_there(folder: str | Path = ".") -> list[str]:
    """Return the targets of which a run folder has products."""
    results = Path(folder) / "results"
    units = (path.name for stage in UNIT_STAGES[:1] for path in results.glob(f"{stage}/*"))
    whole = (path.stem for path in results.glob("preds_*/*.parquet"))
    return sorted({*units, *whole})


def remove_damaged(check: TargetCheck, target: str, folder: str | Path = ".") -> list[Path]:
    """Remove damaged products and all that was made of them, so that the next run makes them.

    Returns
    -------
    list of Path
        What was removed.
    """
    results = Path(folder) / "results"
    removed: set[Path] = set()
    for damaged in check.faults:
        stage = damaged.relative_to(results).parts[0].partition("_")[0]
        removed.add(damaged)
        for later in _ORDER[_ORDER.index(stage) + 1 :]:
            removed.update(_made_of(results, later, target, damaged.stem))
    for path in removed:
        path.unlink(missing_ok=True)
    return sorted(removed)


def _folders(results: Path, stage: str) -> list[Path]:
    """Return the folders of a stage; scores and predictions have one for each algorithm."""
    return [path for path in sorted(results.glob("*")) if path.name.partition("_")[0] == stage]


def _products(results: Path, stage: str, target: str) -> Iterator[Path]:
    """Yield the Parquet files of a target, sorted."""
    for folder in _folders(results, stage):
        for path in sorted(folder.rglob("*.parquet")):
            parts = path.relative_to(folder).parts
            if target in parts[:-1] or parts[-1] == f"{target}.parquet":
                yield path


def _made_of(results: Path, stage: str, target: str, unit: str) -> Iterator[Path]:
    """Yield files of a later stage: of the same unit, or of the whole target."""
    whole = re.compile(re.escape(target) + r"\.\w+")
    for folder in _folders(results, stage):
        for path in folder.rglob("*"):
            parts = path.relative_to(folder).parts
            inside = target in parts[:-1] and (stage not in UNIT_STAGES or path.stem == unit)
            if path.is_file() and (inside or whole.fullmatch(parts[-1])):
                yield path


def _check_stage(product: Product, stage: str) -> None:
    if stage not in product.stages:
        raise InputError(
            "product of another stage",
            value=str(product.path),
            allowed=f"one made by {stage}",
            todo="make it again",
        )
    if stage == "sources":
        columns = source_columns(product.schema.names)
        validate(product.schema.empty_table(), columns, product.path)


def _check_schema(product: Product, of_other_units: pa.Schema) -> None:
    if not product.schema.equals(of_other_units):
        raise InputError(
            "product whose columns differ from those of the other units",
            value=str(product.path),
            todo="make it again",
        )


def _expected_ids(
    product: Product, stage: str, listed: Mapping[str, npt.NDArray[np.int64]], complete: bool
) -> npt.NDArray[np.int64] | None:
    """Return the ids that sources list for a unit, or for the target; None if not known."""
    if stage == "nulls":
        # They have running numbers: two are made of each light curve of a sample.
        return None
    if stage in UNIT_STAGES:
        return listed.get(product.path.stem)
    return np.sort(np.concatenate(list(listed.values()))) if listed and complete else None


def _check_ids(product: Product, expected: npt.NDArray[np.int64] | None) -> None:
    if product.ids is None or expected is None:
        return
    if not np.array_equal(product.ids, expected):
        raise InputError(
            "product without exactly the light curves of its sources",
            value=f"{product.path}, {product.rows} rows",
            allowed=f"{len(expected)} rows, the ids of the sources",
            todo="make it again",
        )
