"""Where SCoPe's documents say that features and predictions of a field lie."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scope.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from scope.config.model import Config

SPECIFIC = "specific_ids"
FIRST = "_first"
"""How names end of features of the first sources only."""

_SHOWN = 5
_GO_ON = "run get-features again, which goes on where it stopped"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FieldPlace:
    """A field, a quadrant of it, or a list of ids, and where its features lie.

    Attributes
    ----------
    field : str
        A number, or the name of a list, which holds ``specific_ids``.
    ccd, quad : int, optional
        Of a quadrant; 1 by default.
    whole_field : bool
        All quadrants, whatever `ccd` and `quad` are.
    feature_directory, feature_file_prefix : str
        Folder of features, and how names of files begin there.
    """

    field: str
    ccd: int | None = None
    quad: int | None = None
    whole_field: bool = False
    feature_directory: str = "features"
    feature_file_prefix: str = "gen_features"


def is_specific(field: str) -> bool:
    """Whether a field is a list of ids: its name holds ``specific_ids``."""
    return SPECIFIC in field


def unit_of(place: FieldPlace) -> str | None:
    """Return the quadrant that was named, None for a whole field or a list.

    Raises
    ------
    UsageError
        If it cannot be one.
    """
    from scope.surveys.base import parse_unit, unit_name

    _check(place)
    if is_specific(place.field) or place.whole_field:
        return None
    unit = unit_name(place.ccd or 1, place.quad or 1)
    parse_unit(unit)
    return unit


def target_of(place: FieldPlace) -> str:
    """Return the target of the workflow that was named."""
    _check(place)
    if not is_specific(place.field):
        return f"field_{place.field}"
    # `run-scope-local` names its lists by the time alone.
    return f"ids_{place.field.removesuffix('_' + SPECIFIC)}"


def feature_files(place: FieldPlace) -> list[Path]:
    """Return the files of features that are there already.

    A field's are all of ``<folder>/field_<N>`` but those of first sources; a quadrant's are
    there by either of two names, of downloaded and of generated features; a list's are in
    ``<folder>/specific_ids``.
    """
    folder, prefix = Path(place.feature_directory), place.feature_file_prefix
    unit = unit_of(place)
    if is_specific(place.field):
        return _existing(folder / SPECIFIC, [f"{prefix}_{place.field}.parquet"])
    there = folder / f"field_{place.field}"
    if unit is None:
        return [path for path in _existing(there, ["*.parquet"]) if not path.stem.endswith(FIRST)]
    ccd, quad = place.ccd or 1, place.quad or 1
    return _existing(
        there,
        [
            f"{unit}.parquet",
            f"{unit}_iter_*.parquet",
            f"{prefix}_field_{place.field}_ccd_{ccd}_quad_{quad}.parquet",
        ],
    )


def check_whole_field(place: FieldPlace, config: Config, files: Sequence[Path]) -> None:
    """See to it that files of features are of all quadrants of a field.

    An archive says which there are. Of those of Kowalski the list of ``get-quad-ids`` says,
    where it lies in its place, which have sources; a warning says how many others lack.

    Raises
    ------
    NotFoundError
        If a quadrant is missing.
    """
    from scope.surveys.get_quad_ids import count_ids
    from scope.surveys.kowalski_settings import ALL_UNITS
    from scope.targets.plan import Plan

    target = target_of(place)
    counts = count_ids(Path("ids") / target / "meta.json")
    required = {unit for unit, count in counts.items() if count}
    every = set(ALL_UNITS)
    try:
        every = set(Plan(config).units(target))
        if config.survey != "kowalski":
            required = every - {unit for unit, count in counts.items() if not count}
    except NotFoundError:
        # Features can be from another place than the configured survey.
        _log.info("the configured survey does not list the quadrants of %s", target)
    there = _units_of(files, every | required)
    if missing := sorted(required - there):
        more = ", …" if len(missing) > _SHOWN else ""
        raise NotFoundError(
            f"no features of {len(missing)} of {len(required)} quadrants in {files[0].parent}",
            value=", ".join(missing[:_SHOWN]) + more,
            todo="add them with generate-features or get-features, score single ones with --ccd "
            "and --quad, or name an empty --feature-directory to let the workflow make all",
        )
    absent = every - there - set(counts)
    if absent:
        _log.warning(
            "%s has features of %d of the %d quadrants of %s: only these are scored",
            *(files[0].parent, len(every & there), len(every), target),
        )


def check_downloads(place: FieldPlace, files: Sequence[Path]) -> None:
    """See to it that a download which was interrupted is not taken for a whole one.

    `get-features` writes its list of ids into several files, ``<list>_iter_<k>.parquet``. None
    of them may be missing between others, and together they have the ids of the list, where
    that lies in its place.

    Raises
    ------
    NotFoundError
        If files or light curves are missing.
    """
    from scope.catalog.get_features import split_part
    from scope.io import read_ids
    from scope.surveys.get_quad_ids import read_quad_ids

    parts: dict[str, set[int]] = {}
    for name, number in filter(None, map(split_part, files)):
        parts.setdefault(name, set()).add(number)
    for name, numbers in parts.items():
        if absent := sorted(set(range(max(numbers))) - numbers):
            raise NotFoundError(
                "file that is missing between others of a download",
                value=str(files[0].parent / f"{name}_iter_{absent[0]}.parquet"),
                todo=_GO_ON,
            )
    lists = _lists_of(place.field, parts)
    listed = [read_quad_ids(path) for path in lists if path.is_file()]
    if not listed:
        return
    there = np.concatenate([read_ids(path) for path in files])
    every = np.unique(np.concatenate(listed))
    if missing := len(every) - int(np.isin(every, there).sum()):
        raise NotFoundError(
            f"no features of {missing} of {len(every)} listed light curves in {files[0].parent}",
            value=", ".join(map(str, lists)),
            todo=_GO_ON,
        )


def output_name(place: FieldPlace, algorithm: str) -> Path:
    """Return where predictions lie: ``preds_<algorithm>/field_<N>/field_<N>.parquet``."""
    unit = unit_of(place)
    name = f"field_{place.field}"
    return Path(f"preds_{algorithm}") / name / f"{unit or name}.parquet"


def _lists_of(field: str, names: Iterable[str]) -> list[Path]:
    """Return where the lists of ids lie that downloads of these names are of."""
    from scope.surveys.get_quad_ids import quadrant_file

    folder = Path(f"ids/field_{field}")
    found = {folder / f"field_{field}.h5" for name in names if name.startswith("field_")}
    units = (re.match(r"ccd_(\d+)_quad_(\d)", name) for name in names)
    found |= {folder / quadrant_file(int(unit[1]), int(unit[2])) for unit in units if unit}
    return sorted(found)


def _units_of(files: Iterable[Path], wanted: set[str]) -> set[str]:
    """Return the quadrants that files are of, by their names, else by their rows."""
    from scope.surveys.base import unit_name

    files = list(files)
    named = [re.search(r"ccd_(\d+)_quad_(\d)", path.stem) for path in files]
    units = {unit_name(int(match[1]), int(match[2])) for match in named if match}
    for path, match in zip(files, named, strict=True):
        if match is None and not wanted <= units:
            units |= _units_of_rows(path)
    return units


def _units_of_rows(path: Path) -> set[str]:
    from scope.identifiers import resolve
    from scope.io import read_schema, read_table
    from scope.surveys.base import unit_name

    there = [name for name in ("ccd", "quad") if name in read_schema(path).names]
    table = read_table(path, ["_id", *there])
    columns = {name: table.column(name).to_numpy() for name in there}
    place = resolve(table.column("_id").to_numpy(), columns)
    pairs = zip(place.ccd.to_pylist(), place.quad.to_pylist(), strict=True)
    return {unit_name(ccd, quad) for ccd, quad in set(pairs) if ccd is not None and quad}


def _existing(folder: Path, patterns: list[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in folder.glob(pattern)})


def _check(place: FieldPlace) -> None:
    if is_specific(place.field):
        if re.fullmatch(r"[A-Za-z0-9][\w.-]*", place.field) is None:
            raise UsageError(
                "--field",
                value=place.field,
                allowed="letters, digits, dots, hyphens and underscores",
            )
    elif re.fullmatch(r"[1-9]\d{0,3}", place.field) is None:
        raise UsageError(
            "--field",
            value=place.field,
            allowed="a number from 1 to 9999, or the name of a list of ids, "
            f"which holds {SPECIFIC!r}",
        )
