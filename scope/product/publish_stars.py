"""From the catalogue of light curves to the catalogue of stars."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.catalog.merge import SURVEY_IDS
from scope.catalog.prevalence_options import PrevalenceOptions
from scope.catalog.probability_columns import IN_CLASS, NOT_IN_CLASS
from scope.catalog.stars import SAME_STAR_ARCSEC, best_rows, mean_places, number_stars
from scope.catalog.strangers import novelty_columns
from scope.errors import BundleError, InputError
from scope.identifiers import FILTER_NAMES, iau_name
from scope.io import read_metadata, read_schema, read_table, to_frame, write_table
from scope.models.calibration.calibrators import log_odds
from scope.models.calibration.class_tree import ClassTree
from scope.periods.options import JOINT
from scope.product.by_star import (
    count_distinct,
    first_text,
    floats,
    largest,
    largest_float,
    lists,
    texts,
    typed,
)
from scope.product.star_columns import FROM_BANDS, FROM_LIGHT_CURVE, STAR_COLUMNS
from scope.product.star_fusion import SAME_PERIOD, StarFusion, StarRows
from scope.product.star_probabilities import Doubts, StarProbabilities
from scope.provenance import record
from scope.schema import PLACE_NAMES, arrow_schema

if TYPE_CHECKING:
    import pandas as pd

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_KEYS = ("_id", "ra", "dec", "field", "ccd", "quad", "filter", "period", "n_epochs", "reason")
_WANTED = ("obj_id", "significance", "log10_fap", "alias_trend", *SURVEY_IDS)
_JOINT = tuple(f"{n}_{JOINT}" for n in ("period", "n_bands", "significance", "log10_fap"))
_FEATURES = ("wmean", "i90r", *_JOINT)

_log = logging.getLogger(__name__)


def publish_stars(
    catalogs: Sequence[str | Path],
    features: Sequence[str | Path],
    output: str | Path,
    *,
    fusion: StarFusion | None,
    tree: ClassTree,
    options: PrevalenceOptions | None = None,
    radius_arcsec: float = SAME_STAR_ARCSEC,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Write one row per star of one or several catalogues, by ascending ``star_id``.

    Which light curves are of one star says `scope.lightcurves.stars.link_stars`: across
    filters, quadrants and fields. Each light curve is in one row. All are held in memory, about
    a kilobyte each.

    Parameters
    ----------
    catalogs : sequence of path
        Of targets that the same models scored, see `scope.catalog.publish`.
    features : sequence of path
        Units of these targets: magnitudes, and joint periods where they were searched. Light
        curves that stand in none have neither.
    output : path
        Columns `STAR_COLUMNS`; where stars have probabilities, those of
        `scope.catalog.probability_columns.final_columns` of each class follow.
    fusion : StarFusion or None
        None leaves the probabilities null, with the reason.
    tree, options
        See `scope.catalog.probabilities`.

    Returns
    -------
    int
        Stars.

    Raises
    ------
    InputError
        If there is no catalogue, or they are of different models.
    BundleError
        If the fusion is of other models than those that scored.
    """
    if not catalogs:
        raise InputError("stars of no catalogue", allowed="at least one file")
    records = [read_metadata(path) for path in catalogs]
    _check_models(records, fusion)
    tags = probability_tags(catalogs)
    rows = _read(catalogs, tags)
    known = _read_features(features, rows["_id"].to_numpy())
    light = LightCurves.of(rows, known, tags, radius_arcsec)
    found = star_values(light)
    probable = None
    if fusion is not None and light.with_probability.any():
        probable = StarProbabilities(fusion, tags, tree, options or PrevalenceOptions())
        stars = light.stars_with_probability()
        found.update(probable.columns_of(stars, light.values, light.doubts(tags)))
    found["probability_reason"] = _probability_reasons(light, fusion)
    columns = [*STAR_COLUMNS, *([] if probable is None else probable.columns)]
    own = {**(facts or {}), "radius_arcsec": radius_arcsec}
    own["star_probabilities"] = _told(probable, fusion)
    metadata = record("stars", [_alike(records)], **own)
    schema = arrow_schema(columns)
    table = pa.table([found[name] for name in schema.names], schema=schema)
    write_table(table, output, metadata)
    return table.num_rows


def probability_tags(catalogs: Sequence[str | Path]) -> list[str]:
    """Return the classes of which light curves have one probability, in all catalogues."""
    found: list[str] | None = None
    for path in catalogs:
        names = read_schema(path).names
        own = [name.removesuffix("_p_train") for name in names if name.endswith("_p_train")]
        found = own if found is None else [tag for tag in found if tag in own]
    return found or []


@dataclass(frozen=True)
class LightCurves:
    """The rows of catalogues, and which star each is of.

    Attributes
    ----------
    rows : pandas.DataFrame
        By ascending ``_id``, with the columns of features.
    star : (n,) int64
        From 0, by the lowest ``_id`` of the star.
    survey_ids : (n,) object
    scored, with_probability : (n,) bool
    values : dict of class tag to (k,) float64
        Log-odds of the rows with probabilities.
    """

    rows: pd.DataFrame
    star: Integers
    survey_ids: npt.NDArray[np.object_]
    scored: npt.NDArray[np.bool_]
    with_probability: npt.NDArray[np.bool_]
    values: dict[str, Floats]

    @classmethod
    def of(
        cls, rows: pd.DataFrame, known: pd.DataFrame, tags: Sequence[str], radius_arcsec: float
    ) -> LightCurves:
        """Link the rows of catalogues."""
        star, survey_ids = number_stars(rows, radius_arcsec)
        scored = rows["reason"].isna().to_numpy()
        names = [f"{tag}_p_train" for tag in tags]
        probable = scored & rows[names].notna().all(axis=1).to_numpy() & bool(tags)
        values = {
            tag: log_odds(rows[name].to_numpy(dtype=np.float64)[probable])
            for tag, name in zip(tags, names, strict=True)
        }
        rows = rows.drop(columns=names).join(known)
        return cls(rows, star, survey_ids, scored, probable, values)

    @property
    def n_stars(self) -> int:
        """Number of stars."""
        return int(self.star.max()) + 1 if len(self.star) else 0

    def numbers(self, name: str) -> Floats:
        """Return a column, (n,) float64, NaN where it is null or not there."""
        if name not in self.rows:
            return np.full(len(self.rows), np.nan)
        return self.rows[name].to_numpy(dtype=np.float64, na_value=np.nan)

    def count(self, which: npt.NDArray[np.generic] | None = None) -> Integers:
        """Return how many light curves each star has, (m,) int64; or of `which`, (n,) bool."""
        weights = None if which is None else np.asarray(which, dtype=np.float64)
        return np.bincount(self.star, weights, minlength=self.n_stars).astype(np.int64)

    def doubts(self, tags: Sequence[str]) -> Doubts:
        """Return which light curves with probabilities tell nothing of periodic classes."""
        here = self.with_probability
        slow = (np.nan_to_num(self.numbers("alias_trend")) > 0)[here]
        both = IN_CLASS + NOT_IN_CLASS
        either = {tag: slow & (self.numbers(f"{tag}_set")[here] == both) for tag in tags}
        return Doubts(slow, either)

    def stars_with_probability(self) -> tuple[StarRows, Integers, int]:
        """Return light curves with probabilities, numbers of their stars, (m,), and of all."""
        here = np.flatnonzero(self.with_probability)
        rows = StarRows(self.star, self.numbers("n_epochs"), self.numbers("period"))
        return *rows.take(here), self.n_stars


def star_values(light: LightCurves) -> dict[str, Any]:
    """Return the columns of stars but for their probabilities, by name."""
    rows, star = light.rows, light.star
    best = best_rows(rows, star, light.scored)
    filters = light.numbers("filter")
    found: dict[str, Any] = {
        "star_id": rows["_id"].to_numpy()[np.unique(star, return_index=True)[1]],
        "survey_id": first_text(light.survey_ids, star, light.n_stars),
        "light_curves": lists(rows["_id"].to_numpy(), star, light.n_stars),
        "filters": lists(np.nan_to_num(filters, nan=-1).astype(np.int32), star, light.n_stars),
        "n_light_curves": light.count(),
        "n_scored": light.count(light.scored),
        "n_fields": count_distinct(star, light.numbers("field"), light.n_stars),
        "crowded": _crowded(light),
        "amplitude": floats(light.numbers("i90r")[best]),
        "reason": texts(rows["reason"].to_numpy(dtype=object)[best], light.scored[best]),
    }
    found["obj_id"] = (
        texts(rows["obj_id"].to_numpy(dtype=object)[best])
        if "obj_id" in rows
        else pa.nulls(light.n_stars, pa.string())
    )
    ra, dec = mean_places(rows, star)
    found["ra"], found["dec"] = floats(ra), floats(dec)
    found["name"] = pa.array(
        [
            iau_name(*place) if np.isfinite(place).all() else None
            for place in zip(ra, dec, strict=True)
        ],
        pa.string(),
    )
    found.update(_magnitudes(light, filters))
    found.update(_periods(light, best))
    found["alias_trend"] = _slow_alike(light)
    epochs = light.numbers("n_epochs")
    found["n_epochs"] = pa.array(
        light.count(np.nan_to_num(epochs)), mask=light.count(np.isfinite(epochs)) == 0
    ).cast(pa.int32())
    for name in SURVEY_IDS:
        ids = rows[name].to_numpy(dtype=np.int64, na_value=0) if name in rows else 0 * star
        found[name] = largest(ids, star, light.n_stars)
    novelty = novelty_columns(rows.columns)
    usual = np.stack([light.numbers(name) for name in novelty] or [np.full(len(rows), np.nan)])
    found["ood_p"] = floats(largest_float(usual.min(axis=0), star, light.n_stars), pa.float32())
    return {
        column.name: typed(found[column.name], column)
        for column in STAR_COLUMNS
        if column.name in found
    }


def _magnitudes(light: LightCurves, filters: Floats) -> dict[str, Any]:
    """Return numbers of light curves, mean magnitudes and colours by band."""
    mean, epochs = light.numbers("wmean"), np.nan_to_num(light.numbers("n_epochs"))
    found, magnitude = {}, {}
    for number, band in FILTER_NAMES.items():
        own = filters == number
        found[f"n_{band}"] = light.count(own)
        use = own & np.isfinite(mean) & (epochs > 0)
        weight = np.bincount(light.star, epochs * use, minlength=light.n_stars)
        total = np.bincount(light.star, np.where(use, mean, 0.0) * epochs, minlength=light.n_stars)
        with np.errstate(invalid="ignore"):
            magnitude[band] = total / weight
        found[f"mag_{band}"] = floats(magnitude[band])
    g, r, i = magnitude.values()
    found["mag"] = floats(np.where(np.isfinite(r), r, np.where(np.isfinite(g), g, i)))
    found["g_r"], found["r_i"] = floats(g - r), floats(r - i)
    return found


def _periods(light: LightCurves, best: Integers) -> dict[str, Any]:
    """Return the period of each star: of most light curves together, else of its best one."""
    together, n_bands = light.numbers(f"period_{JOINT}"), light.numbers(f"n_bands_{JOINT}")
    joint = np.where(np.isfinite(together) & (n_bands > 1), n_bands, 0.0)
    order = np.lexsort((np.arange(len(joint)), -joint, light.star))
    widest = order[np.unique(light.star[order], return_index=True)[1]]
    has_joint = joint[widest] > 0
    found: dict[str, Any] = {}
    for name in ("period", "significance", "log10_fap"):
        values = np.where(
            has_joint, light.numbers(f"{name}_{JOINT}")[widest], light.numbers(name)[best]
        )
        found[name] = floats(values)
    period = np.where(has_joint, together[widest], light.numbers("period")[best])
    source = np.where(has_joint, FROM_BANDS, FROM_LIGHT_CURVE).astype(object)
    found["period_from"] = pa.array(source, pa.string(), mask=~np.isfinite(period))
    same = np.abs(light.numbers("period") / period[light.star] - 1) < SAME_PERIOD
    found["n_same_period"] = pa.array(light.count(same), mask=~np.isfinite(period))
    return found


def _slow_alike(light: LightCurves) -> pa.Array:
    """Return which stars have no light curve that tells its period from a slow change.

    Null for stars without scores.
    """
    told = light.scored & (np.nan_to_num(light.numbers("alias_trend")) == 0)
    return pa.array(light.count(told) == 0, mask=light.count(light.scored) == 0)


def _crowded(light: LightCurves) -> npt.NDArray[np.bool_]:
    """Return which stars have two light curves of one field, quadrant and filter."""
    place = np.stack([light.numbers(name) for name in ("field", "ccd", "quad", "filter")], axis=1)
    known = np.isfinite(place[:, [0, 3]]).all(axis=1)
    key = np.column_stack([light.star, np.nan_to_num(place, nan=-1)])[known]
    _, counts = np.unique(key, axis=0, return_counts=True)
    first = np.unique(key, axis=0)[counts > 1, 0].astype(np.int64)
    crowded = np.zeros(light.n_stars, dtype=bool)
    crowded[first] = True
    return crowded


def _probability_reasons(light: LightCurves, fusion: StarFusion | None) -> pa.Array:
    """Return why stars have no probabilities; null where they have."""
    reasons = np.full(light.n_stars, "no_probabilities", dtype=object)
    reasons[light.count(light.scored) == 0] = "no_scores"
    there = light.count(light.with_probability) > 0
    reasons[there] = "no_star_fusion" if fusion is None else None
    return pa.array(reasons.tolist(), pa.string())


def _told(probable: StarProbabilities | None, fusion: StarFusion | None) -> dict[str, Any]:
    if fusion is None:
        return {"fusion": None, "why": "the models in use have no fusion of light curves"}
    if probable is None:
        return {"fusion": fusion.sha256, "why": "no light curve has probabilities"}
    return probable.facts()


def _read(catalogs: Sequence[str | Path], tags: Sequence[str]) -> pd.DataFrame:
    """Read what is needed of all catalogues, by ascending id; what stands twice counts once."""
    import pandas as pd

    frames = []
    for path in catalogs:
        there = read_schema(path).names
        novelty = novelty_columns(there)
        keys = [name for name in _KEYS if name in there or name not in PLACE_NAMES]
        wanted = (*_WANTED, *(f"{tag}_set" for tag in tags))
        names = [*keys, *(name for name in wanted if name in there), *novelty]
        frames.append(to_frame(read_table(path, [*names, *(f"{tag}_p_train" for tag in tags)])))
    rows = pd.concat(frames, ignore_index=True).sort_values("_id", ignore_index=True)
    twice = rows["_id"].duplicated()
    if twice.any():
        _log.warning("%d light curves stand in two catalogues, and count once", twice.sum())
        rows = rows[~twice].reset_index(drop=True)
    return rows


def _read_features(paths: Sequence[str | Path], ids: Integers) -> pd.DataFrame:
    """Read columns of features for light curves, by the number of their row."""
    import pandas as pd

    known = {name: np.full(len(ids), np.nan) for name in _FEATURES}
    for path in paths:
        there = read_schema(path).names
        names = [name for name in _FEATURES if name in there]
        table = read_table(path, ["_id", *names])
        own = table.column("_id").to_numpy()
        place = np.searchsorted(ids, own)
        here = np.flatnonzero(place < len(ids))
        here = here[ids[place[here]] == own[here]]
        for name in names:
            known[name][place[here]] = table.column(name).to_numpy()[here]
    return pd.DataFrame(known, index=range(len(ids)))


def _check_models(records: Sequence[Mapping[str, Any]], fusion: StarFusion | None) -> None:
    for name in ("bundle", "preprocessing"):
        found = [entry.get(name) for entry in records]
        if any(entry != found[0] for entry in found):
            raise InputError(
                "stars of catalogues that different models made",
                value=f"{name} {found[0]} and {next(e for e in found if e != found[0])}",
                allowed="one group of models",
                todo="score all targets with the same models",
            )
    for entry in records:
        used = entry.get("probabilities", {}).get("fusion")
        if fusion is not None and used is not None and used != fusion.fusion:
            raise BundleError(
                "fusion of light curves of other models than those of the catalogue",
                value=fusion.fusion[:12],
                allowed=str(used)[:12],
                todo="score the target again with the models in use, or fuse the stars again",
            )


def _alike(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the records of all catalogues say alike."""
    return {
        name: value
        for name, value in records[0].items()
        if all(entry.get(name) == value for entry in records)
    }
