"""Join downloaded sources with the features of their light curves."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.errors import InputError, UsageError
from scope.fritz.download_sources import MATCH_RADIUS_ARCSEC, split_cells
from scope.fritz.matched_features import MatchedFeatures
from scope.fritz.taxonomy_map import TaxonomyMap
from scope.identifiers import exact_id
from scope.io.values import exact_numbers

if TYPE_CHECKING:
    import pandas as pd

PER_SOURCE = ("obj_id", "ra", "dec", "period")
NET_VOTES = "net_votes"
FRITZ_PERIOD = "fritz_period"
"""The period from Fritz, where the features have a column ``period`` of their own."""

_log = logging.getLogger(__name__)


def label_columns(
    table: pd.DataFrame, mapper: TaxonomyMap, *, min_vote_diff: int | None = None
) -> pd.DataFrame:
    """Return one row per source, with the probability of each column of a map.

    A class that several columns mean fills all of them; one without a probability was said
    by a person and counts as 1; of several of one class the last one counts; classes that
    nobody gave are 0.

    Parameters
    ----------
    table : pandas.DataFrame
        As of `scope.fritz.download_sources`.
    mapper : TaxonomyMap
    min_vote_diff : int, optional
        Take only classes with at least so many votes for them, net, of sources with votes.

    Raises
    ------
    InputError
        If the cells of a source do not fit each other.
    """
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    unknown: set[str] = set()
    for record in table.to_dict("records"):
        cells = {str(key): value for key, value in record.items()}
        name = cells.get("obj_id")
        if name is None or name != name or str(name) in rows:
            continue
        labels = split_cells(cells, "classification")
        numbers = split_cells(cells, "taxonomy_id") or [""] * len(labels)
        values = split_cells(cells, "probability") or [""] * len(labels)
        votes = _votes(cells, str(name)) or [0] * len(labels)
        if {len(numbers), len(values), len(votes)} != {len(labels)}:
            raise InputError(
                f"numbers of classifications, taxonomy_id, probability and sum_votes of {name}",
                value=f"{len(labels)}, {len(numbers)}, {len(values)}, {len(votes)}",
                allowed="as many of each, or none",
            )
        if min_vote_diff is not None and not any(votes):
            continue
        row: dict[str, Any] = dict.fromkeys(mapper, 0.0)
        for label, number, value, net in zip(labels, numbers, values, votes, strict=True):
            if min_vote_diff is not None and net < min_vote_diff:
                continue
            columns = _columns_of(mapper, label, number)
            if not columns:
                unknown.add(label)
            row.update(dict.fromkeys(columns, _probability(value, str(name))))
        rows[str(name)] = {**{key: cells.get(key) for key in PER_SOURCE}, **row}
    if unknown:
        _log.warning("classes that the taxonomy map lacks: %s", ", ".join(sorted(unknown)))
    return pd.DataFrame(list(rows.values()), columns=[*PER_SOURCE, *mapper])


def _votes(cells: dict[str, Any], name: str) -> list[int]:
    return [exact_id(part, f"sum_votes of {name}") or 0 for part in split_cells(cells, "sum_votes")]


def _probability(text: str, name: str) -> float:
    """Return a probability; one that nobody gave was meant for certain."""
    (value,) = exact_numbers([text or 1.0], f"probability of {name}", "the downloaded table")
    return float(value)


def _columns_of(mapper: TaxonomyMap, label: str, number: str) -> list[str]:
    taxonomy = exact_id(number, f"taxonomy_id of {label}")
    return [
        name
        for name, entry in mapper.wanted.items()
        if entry.fritz_label == label and taxonomy in (None, entry.taxonomy_id)
    ]


def match_light_curves(
    source: MatchedFeatures, table: pd.DataFrame, radius_arcsec: float = MATCH_RADIUS_ARCSEC
) -> pd.DataFrame:
    """Return ``row`` (of `table`) and ``ztf_id`` of all light curves around its positions.

    A light curve near several sources is that of the nearest.

    Parameters
    ----------
    source : MatchedFeatures
    table : pandas.DataFrame
        With ``ra`` and ``dec`` [deg].
    radius_arcsec : float
    """
    import pandas as pd

    ra, dec = (table[name].to_numpy(dtype=float) for name in ("ra", "dec"))
    rows = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    best: dict[int, tuple[float, int]] = {}
    for query, number, apart in source.around(ra[rows], dec[rows], radius_arcsec):
        candidate = (apart, int(rows[query]))
        if number not in best or candidate < best[number]:
            best[number] = candidate
    pairs = sorted((row, number) for number, (_, row) in best.items())
    return pd.DataFrame(pairs, columns=["row", "ztf_id"]).astype("int64")


def merge_features(source: MatchedFeatures, sources: pd.DataFrame) -> pd.DataFrame:
    """Return sources with the features of each of their light curves, one row for each.

    Sources without a light curve that has features are left out, with a message to the log.

    Parameters
    ----------
    source : MatchedFeatures
    sources : pandas.DataFrame
        As of `label_columns`.

    Raises
    ------
    UsageError
        If no source has a light curve with features.
    """
    import pandas as pd

    from scope.io import to_frame

    matched = match_light_curves(source, sources).sort_values("ztf_id")
    found = source.features(matched["ztf_id"].to_numpy())
    reasons = Counter(found.column("reason").drop_null().to_pylist())
    for reason, count in sorted(reasons.items()):
        _log.warning("%d light curves have no features: %s", count, reason)
    kept = found.column("reason").is_null().to_numpy()
    matched = matched[kept].reset_index(drop=True)
    if not len(matched):
        raise UsageError(
            "no light curve of these sources has features",
            value=f"{len(sources)} sources, {source.name}",
        )
    lost = len(sources) - matched["row"].nunique()
    if lost:
        _log.warning("%d of %d sources have no features in %s", lost, len(sources), source.name)
    features = to_frame(found.filter(kept)).drop(columns=["_id", "ra", "dec", "obj_id", "reason"])
    part = sources.iloc[matched["row"]].reset_index(drop=True)
    part = part.rename(columns={"period": FRITZ_PERIOD} if "period" in features else {})
    merged = pd.concat([part, features], axis=1)
    merged["ztf_id"] = matched["ztf_id"]
    order = matched.sort_values(["row", "ztf_id"]).index
    return merged.loc[order].reset_index(drop=True)


def period_suffix(merged: pd.DataFrame) -> str | None:
    """Return the suffix of the periodic features of a joined table; None is the configured one.

    Collections of features have one period search, and no suffix (``"None"``). A column
    ``period`` alone says nothing: it may be the period from Fritz.
    """
    return "None" if FRITZ_PERIOD in merged else None


def updated_training_set(
    old: pd.DataFrame, new: pd.DataFrame, labels: Sequence[str]
) -> pd.DataFrame:
    """Return a training set with new rows; a light curve that it has gets the new labels.

    Parameters
    ----------
    old, new : pandas.DataFrame
        With ``ztf_id`` and ``obj_id``. Of a light curve in both, all but `labels` stays as it
        is in `old`.
    labels : sequence of str
        Columns of labels. Rows of `old` alone keep theirs; one that is not known there stays
        empty, as are columns that `old` lacks.
    """
    import pandas as pd

    from scope.io.frames import nullable_integers, plain_integers

    labels = list(labels)
    latest = new.drop_duplicates("ztf_id", keep="last")
    latest = latest.assign(**latest[labels].astype(float).fillna(0.0))
    result = old.copy()
    for name in labels:
        result[name] = result[name].astype(float) if name in result else np.nan
    known = old["ztf_id"].isin(latest["ztf_id"])
    changed = latest.set_index("ztf_id")[labels].reindex(result.loc[known, "ztf_id"])
    result.loc[known, labels] = changed.to_numpy()
    fresh = latest[~latest["ztf_id"].isin(old["ztf_id"])]
    # Nullable: a column that one table lacks would turn long ids into floats.
    both = [nullable_integers(part) for part in (result, fresh)]
    result = plain_integers(pd.concat(both, ignore_index=True))
    result.attrs = dict(old.attrs)
    return result
