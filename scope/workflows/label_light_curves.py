"""Labels for light curves, from published catalogues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.catalogues import Catalogues
    from scope.config.model import Config
    from scope.surveys.curve_sources import Curves

CHANGED = (
    *("radius_arcsec", "margin_arcsec", "star_radius_arcsec", "faint_mag", "epoch"),
    "disagreement",
)
"""Options that stand in for keys of training.catalogues that are called alike."""

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class MatchOptions:
    """Light curves, catalogues, and how they are matched; None as training.catalogues says.

    Attributes
    ----------
    archive : str, optional
        Folder of light curves; by default the configured survey.
    light_curves : sequence of str, optional
        Files of light curves, or lists of them, in place of an archive.
    catalogue : sequence of str
        ``map=file``: published tables, in the order in which they are trusted.
    column, unit : sequence of str
        ``kind=name``, of the one catalogue that is named.
    radius_arcsec, margin_arcsec, star_radius_arcsec : float, optional
        A star and its row are closer than the first; a second candidate is farther by the
        second; light curves closer than the third are of one star.
    faint_mag : float, optional
        A second star fainter by so much is no candidate.
    epoch : float, optional
        Julian year of the positions of the light curves.
    disagreement : str, optional
        ``leave_out``, ``unknown`` or ``first``, where catalogues contradict each other.
    output : str
        Folder to write into.
    features : str, optional
        Features of the light curves: their periods are compared with the published ones.
    with_light_curves : bool
        Write the labelled light curves too.
    config_path : str, optional
        Configuration file to use.
    """

    output: str
    archive: str | None = None
    light_curves: Sequence[str] | None = None
    catalogue: Sequence[str] = ()
    column: Sequence[str] = ()
    unit: Sequence[str] = ()
    radius_arcsec: float | None = None
    margin_arcsec: float | None = None
    star_radius_arcsec: float | None = None
    faint_mag: float | None = None
    epoch: float | None = None
    disagreement: str | None = None
    features: str | None = None
    with_light_curves: bool = True
    config_path: str | None = None


def label_light_curves(options: MatchOptions, report: Report) -> None:
    """Match light curves with catalogues, write the labels, and say what became of all.

    Raises
    ------
    UsageError
        If options contradict each other.
    ScopeError
        If light curves, a catalogue or the configuration cannot be used.
    """
    from scope.config import load_config
    from scope.surveys import label_light_curves as library
    from scope.surveys.catalogue_labelling import catalogue_files, label_options

    config = load_config(config_path=options.config_path)
    section = _section(options, config)
    summary = library.label_light_curves(
        _source(options, config),
        catalogue_files(section, config.training.labelled.label_map),
        options.output,
        options=label_options(section),
        curves=options.with_light_curves,
        facts={"config_hash": config.config_hash},
    )
    for line in summary.lines():
        report(line)
    if options.features:
        _compare_periods(options, options.features, config, report)
    report(options.output)


def _compare_periods(options: MatchOptions, features: str, config: Config, report: Report) -> None:
    from scope.surveys.label_light_curves import LABELS_FILE
    from scope.surveys.period_comparison import compare_periods, comparison_lines

    folder, column = Path(options.output), f"period_{config.features.info.period_suffix}"
    counts = compare_periods(folder / LABELS_FILE, features, column, folder / "periods.parquet")
    for line in comparison_lines(counts):
        report(line)


def _section(options: MatchOptions, config: Config) -> Catalogues:
    """Return the configured section with what the options say instead."""
    from scope.config.catalogues import Catalogues

    given = {name: getattr(options, name) for name in CHANGED}
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


def _source(options: MatchOptions, config: Config) -> Curves:
    from scope.surveys.curve_sources import FileCurves, SurveyCurves
    from scope.surveys.open import configured_survey, open_archive

    if options.light_curves:
        return FileCurves(options.light_curves)
    if options.archive:
        return SurveyCurves(open_archive(Path(options.archive), config.data_release))
    return SurveyCurves(configured_survey(config))
