"""Pictures of single light curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

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

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class PlotOptions:
    """Places to look for light curves, and how they are drawn.

    Attributes
    ----------
    archive : str, optional
        Folder of light curves of a survey.
    light_curves : sequence of str, optional
        Files of light curves; by default those in results/ and then the configured survey.
    catalog : sequence of Path, optional
        Catalogues with periods and scores; by default those in results/catalog.
    period : float, optional
        Period to fold with, d; by default that of the catalogue, else it is searched.
    format : sequence of str
        Some of `FORMATS`.
    output : Path
        Folder that gets the figures.
    config_path : str, optional
        Configuration file to use.
    """

    archive: str | None = None
    light_curves: Sequence[str] | None = None
    catalog: Sequence[Path] | None = None
    period: float | None = None
    format: Sequence[str] = ("png",)
    output: Path = Path("plots")
    config_path: str | None = None


def plot(ids: Sequence[int], options: PlotOptions, report: Report) -> None:
    """Find light curves, draw each, and report where the pictures are.

    Parameters
    ----------
    ids : sequence of int
        ``_id`` of light curves.
    options : PlotOptions
    report : callable
        Gets what is to be said, line by line.

    Raises
    ------
    UsageError
        If the folder is called as a picture, or there is no survey to look in.
    NotFoundError
        If a light curve is not there.
    """
    import numpy as np

    from scope.config.load import load_config
    from scope.identifiers import decode
    from scope.lightcurves.cleaning import clean
    from scope.report.plot_star import plot_star
    from scope.report.plots import save_figure
    from scope.report.star_data import StarRow, read_star_rows, require_found

    _check_folder(options.output)
    config = load_config(config_path=options.config_path)
    wanted = np.unique(np.array(ids, dtype=np.int64))
    raw, where = _curves(options, config, wanted)
    require_found(wanted, raw.ids[raw.n_epochs > 0], where)
    curves, reasons = clean(raw, config.cleaning_options())
    catalogs = list(options.catalog or ()) or sorted((RESULTS / "catalog").glob("*.parquet"))
    rows = read_star_rows(catalogs, wanted)
    periods = config.period_options()
    for n, reason in enumerate(reasons):
        name, row = int(curves.ids[n]), rows.get(int(curves.ids[n]), StarRow())
        if not curves.n_epochs[n]:
            report(f"{name}: nothing to draw ({reason})")
            continue
        if row.filter < 0:
            row = replace(row, filter=int(decode(curves.ids[n : n + 1]).filter[0]))
        period = options.period or row.period_days
        if not period > 0:
            period = _search(curves[n : n + 1], config, report)
        figure = plot_star(curves[n : n + 1], row, period, periods)
        for form in options.format:
            report(str(save_figure(figure, options.output / f"{name}.{form}")))


def _check_folder(output: Path) -> None:
    """Raise UsageError where the name of a picture is given in place of its folder's."""
    if output.suffix.lower().removeprefix(".") in FORMATS and not output.is_dir():
        raise UsageError(
            "--output that is called as a picture",
            value=str(output),
            allowed="a folder, which gets a picture <ID>.png for each light curve",
            todo=f"give --output {output.parent}",
        )


def _search(curve: LightCurves, config: Config, report: Report) -> float:
    from scope.periods.api import search_periods

    report(f"{int(curve.ids[0])}: no period in a catalogue, searching …")
    found = search_periods(curve, config.period_options())
    return float(found.columns[f"period_{config.features.info.period_suffix}"][0])


def _curves(
    options: PlotOptions, config: Config, ids: npt.NDArray[np.int64]
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
