"""Writing the copies of training light curves, with their truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.io import TableWriter, read_metadata, read_schema
from scope.lightcurves.cleaning import CleaningOptions
from scope.provenance import record
from scope.surveys.label_map import NOT_VARIABLE
from scope.surveys.twins.copies import CopyOptions, LightCurveCopy, copies_of
from scope.surveys.twins.parents import PLACE, Parent, read_parents, read_truth
from scope.surveys.twins.twin_labels import VARIABLE

LIGHT_CURVES = "lightcurves.parquet"
TRUTH = "truth.parquet"

TRUTH_SCHEMA = pa.schema(
    [
        pa.field("objectid", pa.int64()),
        pa.field("sourceid", pa.string()),
        pa.field("survey", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("unknown", pa.list_(pa.string())),
        pa.field("parent", pa.int64()),
        pa.field("copy", pa.string()),
    ]
)


def make_twins(
    light_curves: str | Path,
    truth: str | Path,
    output: str | Path,
    *,
    cleaning: CleaningOptions | None = None,
    options: CopyOptions | None = None,
    skip_unlabelled: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> Counter[str]:
    """Write copies of training light curves: twins that do not vary, and thinned ones.

    A twin has the epochs and errors of its parent (`scope.surveys.twins.twin_labels` has the
    rules of its labels), so that no class is told from the cadence. Where a survey has
    constant stars of its own, fewer of its variable stars get twins: in each survey as many
    light curves are constant as are variable, for one twin each. The same arguments give
    the same bytes, and a light curve gets the same copies whatever others there are, but for
    that share.

    Parameters
    ----------
    light_curves : path
        As `scope.features.generate_features.generate_features` reads them, raw or cleaned.
    truth : path
        ``objectid``, ``sourceid``, ``labels`` of each; where there, ``unknown``, ``survey``,
        ``ra`` and ``dec``.
    output : path
        Folder that gets ``lightcurves.parquet`` and ``truth.parquet``, with the ``parent``
        and the kind (``copy``) of each.
    cleaning : CleaningOptions, optional
        Copies are made of the epochs that it keeps, of light curves that it keeps.
    options : CopyOptions, optional
    skip_unlabelled : bool
        Make no copies of light curves without truth, and do not raise.
    facts : mapping, optional
        Further facts for the records.

    Returns
    -------
    Counter of str
        Copies by kind.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If a light curve has no truth.
    """
    cleaning, options = cleaning or CleaningOptions(), options or CopyOptions()
    lines = read_truth(truth)

    def parents() -> Iterator[Parent]:
        return read_parents(light_curves, lines, cleaning, skip_unlabelled)

    shares = _shares(parents(), options)
    metadata = record(
        "twins", read_metadata(light_curves), **{**(facts or {}), "copies": asdict(options)}
    )
    counts: Counter[str] = Counter()
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    schema = _curve_schema(light_curves)
    curves = TableWriter(output / LIGHT_CURVES, schema, metadata)
    with curves, TableWriter(output / TRUTH, TRUTH_SCHEMA, metadata) as lists:
        for parent in parents():
            copies = list(copies_of(parent, options, shares.get(parent.survey, 1.0)))
            counts.update(copy.kind for copy in copies)
            curves.write(pa.Table.from_pylist([_curve_row(copy) for copy in copies], schema))
            lists.write(pa.Table.from_pylist([_truth_row(copy) for copy in copies], TRUTH_SCHEMA))
    return counts


def _shares(parents: Iterator[Parent], options: CopyOptions) -> dict[str, float]:
    """Return, per survey, the share of variable light curves that get twins.

    So many that the constant light curves, those of other twins included, come to `twins`
    for each variable one.
    """
    counts: dict[str, Counter[str]] = {}
    for parent in parents:
        kind = NOT_VARIABLE if NOT_VARIABLE in parent.labels else "other"
        kind = VARIABLE if VARIABLE in parent.labels else kind
        counts.setdefault(parent.survey, Counter())[kind] += 1
    shares = {}
    for survey, count in counts.items():
        wanted = options.twins * count[VARIABLE]
        there = count[NOT_VARIABLE] + options.twins * count["other"]
        shares[survey] = float(np.clip((wanted - there) / wanted, 0.0, 1.0)) if wanted else 0.0
    return shares


def _curve_schema(path: str | Path) -> pa.Schema:
    """Return the schema of copies, magnitudes as wide as those of their parents."""
    wide = pa.list_(pa.float64())
    narrow = read_schema(path).field("mag").type == pa.list_(pa.float32())
    mag = pa.list_(pa.float32()) if narrow else wide
    names = {"objectid": pa.int64(), **dict.fromkeys(PLACE, pa.int32())}
    names |= {"objra": pa.float64(), "objdec": pa.float64()}
    return pa.schema(list({**names, "hmjd": wide, "mag": mag, "magerr": mag}.items()))


def _curve_row(copy: LightCurveCopy) -> dict[str, Any]:
    parent = copy.parent
    return {
        "objectid": copy.objectid,
        **parent.place,
        "objra": parent.ra if np.isfinite(parent.ra) else None,
        "objdec": parent.dec if np.isfinite(parent.dec) else None,
        "hmjd": copy.time,
        "mag": copy.mag,
        "magerr": copy.magerr,
    }


def _truth_row(copy: LightCurveCopy) -> dict[str, Any]:
    return {
        "objectid": copy.objectid,
        "sourceid": copy.parent.star,
        "survey": copy.parent.survey,
        "labels": copy.labels,
        "unknown": copy.unknown,
        "parent": copy.parent.objectid,
        "copy": copy.kind,
    }
