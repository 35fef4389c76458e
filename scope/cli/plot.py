"""``scope plot``: pictures of single light curves."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser, positive_float
from scope.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from scope.config.model import Config
    from scope.lightcurves import LightCurves

FORMATS = ("png", "svg", "pdf")
RESULTS = Path("results")
SIMULATION = RESULTS / "simulation"
"""What `make demo` makes is an archive as well."""


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope plot``."""
    parser.add_argument(
        "ids", nargs="+", type=_light_curve_id, metavar="ID", help="`_id` of a light curve"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--archive", metavar="FOLDER", help="folder of light curves of a survey")
    where.add_argument(
        "--light-curves",
        nargs="+",
        metavar="FILE",
        help="files of light curves; by default those in results/ and then the configured survey",
    )
    parser.add_argument(
        "--catalog",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="catalogues with periods and scores; by default those in results/catalog",
    )
    parser.add_argument(
        "--period",
        type=positive_float,
        metavar="DAYS",
        help="period to fold with; by default that of the catalogue, else it is searched",
    )
    parser.add_argument(
        "--format", nargs="+", choices=FORMATS, default=["png"], help="of the files"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("plots"), metavar="FOLDER", help="gets the figures"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def _light_curve_id(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is no id of a light curve: 0 to {2**63 - 1}")
    return int(text)


def run(options: argparse.Namespace) -> None:
    """Find, draw, and print where the pictures are."""
    from dataclasses import replace

    import numpy as np

    from scope.config.load import load_config
    from scope.identifiers import decode
    from scope.lightcurves.cleaning import clean
    from scope.report.plot_star import plot_star
    from scope.report.plots import save_figure
    from scope.report.star_data import StarRow, read_star_rows, require_found

    _check_folder(options.output)
    config = load_config(config_path=options.config_path)
    ids = np.unique(np.array(options.ids, dtype=np.int64))
    raw, where = _curves(options, config, ids)
    require_found(ids, raw.ids[raw.n_epochs > 0], where)
    curves, reasons = clean(raw, config.cleaning_options())
    catalogs = options.catalog or sorted((RESULTS / "catalog").glob("*.parquet"))
    rows = read_star_rows(catalogs, ids)
    periods = config.period_options()
    for n, reason in enumerate(reasons):
        name, row = int(curves.ids[n]), rows.get(int(curves.ids[n]), StarRow())
        if not curves.n_epochs[n]:
            print(f"{name}: nothing to draw ({reason})")
            continue
        if row.filter < 0:
            row = replace(row, filter=int(decode(curves.ids[n : n + 1]).filter[0]))
        period = options.period or row.period_days
        if not period > 0:
            period = _search(curves[n : n + 1], config)
        figure = plot_star(curves[n : n + 1], row, period, periods)
        for form in options.format:
            print(save_figure(figure, options.output / f"{name}.{form}"))


def _check_folder(output: Path) -> None:
    """Raise UsageError where the name of a picture is given in place of its folder's."""
    if output.suffix.lower().removeprefix(".") in FORMATS and not output.is_dir():
        raise UsageError(
            "--output that is called as a picture",
            value=str(output),
            allowed="a folder, which gets a picture <ID>.png for each light curve",
            todo=f"give --output {output.parent}",
        )


def _search(curve: LightCurves, config: Config) -> float:
    from scope.periods.api import search_periods

    print(f"{int(curve.ids[0])}: no period in a catalogue, searching …", flush=True)
    found = search_periods(curve, config.period_options())
    return float(found.columns[f"period_{config.features.info.period_suffix}"][0])


def _curves(
    options: argparse.Namespace, config: Config, ids: npt.NDArray[np.int64]
) -> tuple[LightCurves, str]:
    """Return light curves as observed, and where they were looked for."""
    from scope.report.star_data import curves_of_files
    from scope.surveys.open import configured_survey, open_archive

    if options.light_curves:
        return curves_of_files(options.light_curves, ids), ", ".join(options.light_curves)
    if options.archive:
        survey = open_archive(Path(options.archive), config.data_release)
        return survey.lightcurves(ids), options.archive
    files = sorted(RESULTS.glob("lightcurves/*/*.parquet")) + sorted(
        RESULTS.glob("examples/*.parquet")
    )
    found = curves_of_files(files, ids)
    if len(found) == len(ids):
        return found, str(RESULTS)
    if config.survey == "kowalski" or config.archive is not None:
        return configured_survey(config).lightcurves(ids), f"the survey {config.survey}"
    if SIMULATION.is_dir():
        return open_archive(SIMULATION).lightcurves(ids), str(SIMULATION)
    if files:
        return found, str(RESULTS)
    raise UsageError(
        "light curves of which survey", todo="name --archive FOLDER or --light-curves FILE"
    )
