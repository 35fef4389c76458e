"""Where SCoPe's documents say that features and predictions of a field lie."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from scope.errors import UsageError

SPECIFIC = "specific_ids"


def is_specific(field: str) -> bool:
    """Whether a field is a list of ids: its name holds ``specific_ids``."""
    return SPECIFIC in field


def unit_of(args: argparse.Namespace) -> str | None:
    """Return the quadrant that options name, None for a whole field or a list.

    Raises
    ------
    UsageError
        If it cannot be one.
    """
    from scope.surveys.base import parse_unit, unit_name

    _check(args)
    if is_specific(args.field) or args.whole_field:
        return None
    unit = unit_name(args.ccd or 1, args.quad or 1)
    parse_unit(unit)
    return unit


def target_of(args: argparse.Namespace) -> str:
    """Return the target of the workflow that options name."""
    _check(args)
    if not is_specific(args.field):
        return f"field_{args.field}"
    # `run-scope-local` names its lists by the time alone.
    return f"ids_{args.field.removesuffix('_' + SPECIFIC)}"


def feature_files(args: argparse.Namespace) -> list[Path]:
    """Return the files of features that are there already.

    A field's are all of ``<folder>/field_<N>``; a quadrant's are there by either of two
    names, of downloaded and of generated features; a list's are in ``<folder>/specific_ids``.
    """
    folder, prefix = Path(args.feature_directory), args.feature_file_prefix
    unit = unit_of(args)
    if is_specific(args.field):
        return _existing(folder / SPECIFIC, [f"{prefix}_{args.field}.parquet"])
    place = folder / f"field_{args.field}"
    if unit is None:
        return _existing(place, ["*.parquet"])
    ccd, quad = args.ccd or 1, args.quad or 1
    return _existing(
        place,
        [
            f"{unit}.parquet",
            f"{unit}_iter_*.parquet",
            f"{prefix}_field_{args.field}_ccd_{ccd}_quad_{quad}.parquet",
        ],
    )


def output_name(args: argparse.Namespace, algorithm: str) -> Path:
    """Return where predictions lie: ``preds_<algorithm>/field_<N>/field_<N>.parquet``."""
    unit = unit_of(args)
    name = f"field_{args.field}"
    return Path(f"preds_{algorithm}") / name / f"{unit or name}.parquet"


def _existing(folder: Path, patterns: list[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in folder.glob(pattern)})


def _check(args: argparse.Namespace) -> None:
    if is_specific(args.field):
        if re.fullmatch(r"[A-Za-z0-9][\w.-]*", args.field) is None:
            raise UsageError(
                "--field",
                value=args.field,
                allowed="letters, digits, dots, hyphens and underscores",
            )
    elif re.fullmatch(r"[1-9]\d{0,3}", args.field) is None:
        raise UsageError(
            "--field",
            value=args.field,
            allowed=f"a number, or the name of a list of ids, which holds {SPECIFIC!r}",
        )
