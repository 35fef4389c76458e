"""``scope label-light-curves``: labels for light curves, from published catalogues."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser, non_negative_float, positive_float
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.catalogues import Catalogues
    from scope.config.model import Config
    from scope.surveys.curve_sources import Curves

NUMBERS = {
    "radius_arcsec": (positive_float, "a star and its row in a catalogue are closer"),
    "margin_arcsec": (non_negative_float, "a second candidate is farther by so much"),
    "star_radius_arcsec": (positive_float, "light curves so close are of one star"),
    "faint_mag": (non_negative_float, "a second star fainter by so much is no candidate"),
    "epoch": (positive_float, "Julian year of the positions of the light curves"),
}
RULES = ("leave_out", "unknown", "first")


def add_arguments(parser: Parser) -> None:
    """Declare the options; what is not given comes from training.catalogues."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--archive", metavar="FOLDER", help="archive; by default the configured one")
    where.add_argument(
        "--light-curves",
        nargs="+",
        metavar="FILE",
        help="files of light curves, or lists of them: an id and a position each",
    )
    parser.add_argument(
        "--catalogue",
        action="append",
        default=[],
        metavar="MAP=FILE",
        help="a published table and how it is read: csdr1, vsx, asassn, gaia_vari, ogle, chen2020, "
        "or a file; several in the order in which they are trusted",
    )
    for name, example in (("column", "ra=RAdeg"), ("unit", "ra=hourangle")):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="KIND=NAME",
            help=f"a {name} of the one catalogue that is named, such as {example}",
        )
    for name, (kind, meaning) in NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=meaning)
    parser.add_argument("--disagreement", choices=RULES, help="where catalogues contradict others")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="folder to write into")
    parser.add_argument(
        "--features",
        metavar="FILE",
        help="features of the labelled light curves: writes periods.parquet, what our periods are "
        "of the published ones",
    )
    parser.add_flag("--with-light-curves", default=True, help="write the labelled light curves too")
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Match, and say what became of all."""
    from scope.config import load_config
    from scope.surveys.catalogue_labelling import catalogue_files, label_options
    from scope.surveys.label_light_curves import label_light_curves

    config = load_config(config_path=options.config_path)
    section = _section(options, config)
    summary = label_light_curves(
        _source(options, config),
        catalogue_files(section, config.training.labelled.label_map),
        options.output,
        options=label_options(section),
        curves=options.with_light_curves,
        facts={"config_hash": config.config_hash},
    )
    print(*summary.lines(), sep="\n")
    if options.features:
        _compare_periods(options, config)
    print(options.output)


def _compare_periods(options: argparse.Namespace, config: Config) -> None:
    from scope.surveys.label_light_curves import LABELS_FILE
    from scope.surveys.period_comparison import compare_periods, comparison_lines

    folder, column = Path(options.output), f"period_{config.features.info.period_suffix}"
    counts = compare_periods(
        folder / LABELS_FILE, options.features, column, folder / "periods.parquet"
    )
    print(*comparison_lines(counts), sep="\n")


def _section(options: argparse.Namespace, config: Config) -> Catalogues:
    """Return the configured section with what the options say instead."""
    from scope.config.catalogues import Catalogues

    given = {name: getattr(options, name) for name in (*NUMBERS, "disagreement")}
    changed = {name: value for name, value in given.items() if value is not None}
    section = config.training.catalogues
    if options.catalogue:
        changed["tables"] = [_table(text) for text in options.catalogue]
        named = {"columns": _pairs(options.column), "units": _pairs(options.unit)}
        if any(named.values()) and len(options.catalogue) > 1:
            raise UsageError(
                "--column or --unit with several catalogues",
                todo="name them in training.catalogues.tables of a configuration file",
            )
        changed["tables"][0].update(named)
    elif options.column or options.unit:
        raise UsageError("--column or --unit without --catalogue")
    return Catalogues.model_validate({**section.model_dump(), **changed})


def _table(text: str) -> dict[str, object]:
    name, path = _pair(text, "--catalogue", "csdr1=table3.txt")
    return {"map": name, "path": path}


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    return dict(_pair(text, "--column or --unit", "ra=RAdeg") for text in texts)


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise UsageError(f"{option} without two parts", value=text, allowed=f"such as {example}")
    return name, value


def _source(options: argparse.Namespace, config: Config) -> Curves:
    from scope.surveys.curve_sources import FileCurves, SurveyCurves
    from scope.surveys.open import configured_survey, open_archive

    if options.light_curves:
        return FileCurves(options.light_curves)
    if options.archive:
        return SurveyCurves(open_archive(Path(options.archive), config.data_release))
    return SurveyCurves(configured_survey(config))
