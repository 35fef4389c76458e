"""The predictions of both algorithms as one table, for fields or the sources of an event."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scope.errors import CorruptFileError, NotFoundError, UsageError
from scope.jsontext import parse_json

FIELDS = "fields.json"

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class CombineOptions:
    """Predictions to combine, how, and where they are.

    Attributes
    ----------
    path_to_preds, combined_preds_dirname : str
        Folder of the folders of predictions, and the one in it that is written.
    specific_field, dateobs : str, optional
        This field only; the sources of this GCN event.
    use_config_fields : bool
        The fields of the configured targets only.
    merge_dnn_xgb : bool
        One score per class, of tables of ``select-fritz-sample``.
    agg_method : str
        ``mean`` or ``max``: how both scores become one.
    p_threshold : float
        Classes above it are named beside the table.
    do_not_save, write_csv : bool
        Write nothing, to try it; write .csv files too.
    config_path : str, optional
        Configuration file to use.
    """

    path_to_preds: str = "."
    combined_preds_dirname: str = "preds_dnn_xgb"
    specific_field: str | None = None
    dateobs: str | None = None
    use_config_fields: bool = False
    merge_dnn_xgb: bool = False
    agg_method: str = "mean"
    p_threshold: float = 0.7
    do_not_save: bool = False
    write_csv: bool = False
    config_path: str | None = None


def combine_preds(options: CombineOptions, directories: Sequence[str], report: Report) -> None:
    """Combine predictions, and say what became of each field.

    Parameters
    ----------
    options : CombineOptions
    directories : sequence of str
        Folders of predictions of the two algorithms, below `path_to_preds`.
    report : callable
        Gets what is to be said, line by line.

    Raises
    ------
    UsageError
        If two options name fields.
    NotFoundError
        If there is nothing to combine.
    ScopeError
        If predictions cannot be used.
    """
    root = Path(options.path_to_preds)
    folders = [root / name for name in directories]
    names = _wanted(options)
    there = [{path.name for path in folder.glob("*") if path.is_dir()} for folder in folders]
    chosen = [name for name in sorted(there[0] | there[1], key=_order) if names(name)]
    if not chosen:
        raise NotFoundError(
            "no predictions to combine",
            value=f"{folders[0]}, {folders[1]}",
            allowed=sorted(there[0] | there[1]) or "none are there",
            todo="tables of select-fritz-sample are in --dnn-directory AL_datasets_dnn and "
            "--xgb-directory AL_datasets_xgb"
            if options.merge_dnn_xgb
            else None,
        )
    done = []
    for name in chosen:
        paths = [folder / name / f"{name}.parquet" for folder in folders]
        if missing := [str(path) for path in paths if not path.is_file()]:
            report(f"{name}: not combined, there is no {' and no '.join(missing)}")
            continue
        _combine(options, name, paths, root / options.combined_preds_dirname, report)
        done.append(name)
    numbers = [int(match[1]) for name in done if (match := re.fullmatch(r"field_(\d+)", name))]
    if numbers and not options.do_not_save:
        _add_fields(root / options.combined_preds_dirname / FIELDS, numbers)


def _combine(
    options: CombineOptions, name: str, paths: list[Path], folder: Path, report: Report
) -> None:
    from scope.catalog import combine

    if options.merge_dnn_xgb:
        table, above = combine.combine_sources(
            paths[0], paths[1], method=options.agg_method, threshold=options.p_threshold
        )
        output = folder / f"merged_{name}.parquet"
        if not options.do_not_save:
            combine.write_sources(table, above, output, csv=options.write_csv)
        report(f"{name}: {len(table)} sources, {sum(map(bool, above.values()))} with a class")
    else:
        output = folder / f"{name}.parquet"
        with tempfile.TemporaryDirectory(prefix="scope.") as scratch:
            place = Path(scratch) / output.name if options.do_not_save else output
            rows = combine.combine_light_curves(paths[0], paths[1], place)
            if options.write_csv and not options.do_not_save:
                from scope.io import read_parquet, write_csv

                write_csv(read_parquet(place), place.with_suffix(".csv"))
        report(f"{name}: {rows} light curves")
    if not options.do_not_save:
        report(str(output))


def _wanted(options: CombineOptions) -> Callable[[str], bool]:
    """Return what tells which folders are meant: by default all fields, or all tables of sources.

    Raises
    ------
    UsageError
        If two options name some.
    """
    ways = {
        "--specific-field": options.specific_field is not None,
        "--use-config-fields": options.use_config_fields,
        "--dateobs": options.dateobs is not None,
    }
    if sum(ways.values()) > 1:
        given = ", ".join(name for name, chosen in ways.items() if chosen)
        raise UsageError("options that name different fields", value=given, allowed="one of them")
    if options.specific_field is not None:
        return f"field_{options.specific_field}".__eq__
    if options.dateobs is not None:
        return f"GCN_sources_{options.dateobs.replace(':', '-')}".__eq__
    if options.use_config_fields:
        from scope.config.load import load_config

        return set(load_config(config_path=options.config_path).targets).__contains__
    if options.merge_dnn_xgb:
        # Tables of sources have the names that select-fritz-sample was given.
        return lambda name: re.fullmatch(r"field_\d+", name) is None
    return lambda name: re.fullmatch(r"field_\d+", name) is not None


def _order(name: str) -> tuple[int, str]:
    match = re.fullmatch(r"field_(\d+)", name)
    return (int(match[1]) if match else sys.maxsize, name)


def _add_fields(path: Path, numbers: Sequence[int]) -> None:
    """Keep a list of the fields that are combined."""
    from scope.io.atomic import write_bytes

    try:
        known = parse_json(path.read_text()) if path.is_file() else []
        if not (isinstance(known, list) and all(isinstance(number, int) for number in known)):
            raise ValueError("no list of field numbers")
    except ValueError as error:
        raise CorruptFileError(
            "list of fields that cannot be read", value=str(path), todo=f"remove it ({error})"
        ) from None
    write_bytes(json.dumps(sorted({*known, *numbers})).encode(), path)
