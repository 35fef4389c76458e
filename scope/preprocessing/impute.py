"""From a file of features to a file that the models can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.column_types import arrow_type
from scope.errors import BundleError
from scope.io import TableWriter, iter_batches, read_metadata, read_schema
from scope.preprocessing.frozen import Preprocessing
from scope.preprocessing.matrices import CELLS, histogram_matrix
from scope.provenance import record
from scope.schema import (
    ALIAS_TREND,
    IMPUTED,
    KEY_COLUMNS,
    LOG10_FAP,
    N_EPOCHS,
    OOD,
    PERIOD,
    REASON,
    SIGNIFICANCE,
    SURVEY_IDS,
    Column,
    key_columns,
    require_columns,
)

DMDT = Column(
    *("dmdt", f"fixed_size_list<float32>[{CELLS}]", "", True, "Magnitude-time histogram"),
    kind="histogram",
)

UNDEFINED = "undefined_feature"

CHECKED_FACTS = ("fourier", "dmdt_edges")
"""Settings that change what a feature of the same name means."""

ROWS = 4096


def imputed_columns(
    preprocessing: Preprocessing, keys: Sequence[Column] = KEY_COLUMNS
) -> tuple[Column, ...]:
    """Return the columns of a file of imputed features, in order.

    Keys, ids in other surveys, number of epochs, period, significance, false-alarm
    probability, reason and mask of what was filled; then the filled and scaled features, and
    the histogram.
    """
    strategies = zip(preprocessing.features, preprocessing.strategies, strict=True)
    return (
        *keys,
        *SURVEY_IDS,
        N_EPOCHS,
        PERIOD,
        SIGNIFICANCE,
        LOG10_FAP,
        ALIAS_TREND,
        REASON,
        IMPUTED,
        OOD,
        *(
            Column(
                name,
                "float32",
                "",
                True,
                f"{name}, scaled by {preprocessing.scaling}; where undefined: {strategy}",
                "feature",
            )
            for name, strategy in strategies
        ),
        DMDT,
    )


def impute(
    features_path: str | Path,
    output: str | Path,
    preprocessing_path: str | Path,
    *,
    facts: Mapping[str, Any] | None = None,
    rows: int = ROWS,
) -> None:
    """Fill and scale the features of a file as the models were trained.

    Every row of the input is in the output, in the same order. A row that has a reason
    keeps it and has no features; a row in which a feature without imputation is
    undefined (NaN, null or infinite), or which has no histogram, gets the reason
    ``undefined_feature`` and is scored for no class, not even for those that do not look
    at that feature. The result does not depend on `rows`.

    Parameters
    ----------
    features_path : path
        Parquet with ``_id``, ``dmdt``, the features, and what it has of the key columns,
        survey ids, ``n_epochs`` and ``reason``; ``period``, ``significance``, ``log10_fap`` and
        ``alias_trend`` are taken from the columns of the models' period search.
    output : path
        Gets the columns of `imputed_columns`.
    preprocessing_path : path
        As in a model bundle.
    facts : mapping, optional
        Further facts for the record of `output`.
    rows : int
        Rows that are held at a time.

    Raises
    ------
    MissingColumnError
        If the file lacks a feature.
    BundleError
        If its features were computed with settings other than those of the training set.
    """
    preprocessing = Preprocessing.load(preprocessing_path)
    upstream = read_metadata(features_path)
    check_settings(upstream, preprocessing, features_path)
    sources = _sources(features_path, preprocessing)
    metadata = record(
        "imputed",
        upstream,
        **{
            **(facts or {}),
            "preprocessing": preprocessing.sha256,
            "imputable": list(preprocessing.imputable),
            "model_period_suffix": preprocessing.period_suffix,
        },
    )
    columns = imputed_columns(preprocessing, _keys(features_path))
    with TableWriter(output, columns, metadata) as writer:
        for piece in iter_batches(features_path, list(dict.fromkeys(sources.values())), rows):
            writer.write(_imputed(piece, preprocessing, columns, sources))


def check_settings(
    metadata: Mapping[str, Any], preprocessing: Preprocessing, path: str | Path
) -> None:
    """Raise BundleError where features mean something else than those of the training set.

    Settings that either side does not tell are not compared.
    """
    for name in CHECKED_FACTS:
        trained, found = preprocessing.made_with.get(name), metadata.get(name)
        if trained is not None and found is not None and trained != found:
            raise BundleError(
                f"features of {path} with another setting of {name!r} than the models were "
                "trained on",
                value=str(found),
                allowed=str(trained),
                todo="compute the features with that setting, or use models trained on this one",
            )


def _keys(path: str | Path) -> tuple[Column, ...]:
    """Return the identity columns, without those that the survey of a file does not have.

    A file that tells no place at all may be of any survey, and gets empty columns.
    """
    names = read_schema(path).names
    return key_columns(names) if "filter" in names else KEY_COLUMNS


def _sources(path: str | Path, preprocessing: Preprocessing) -> dict[str, str]:
    """Return which column of the file each column of the output is made from."""
    names = set(read_schema(path).names)
    suffix = preprocessing.period_suffix
    required = {name: name for name in ("_id", "dmdt", *preprocessing.features)}
    required["period"] = f"period_{suffix}" if suffix else "period"
    require_columns(sorted(names), list(required.values()), f" in {path}, needed by the models")
    optional = {
        name: f"{name}_{suffix}" if suffix else name
        for name in ("significance", "log10_fap", "alias_trend")
    }
    optional |= {column.name: column.name for column in (*KEY_COLUMNS, *SURVEY_IDS)}
    optional |= {"n_epochs": "n_epochs", "reason": "reason"}
    return {**{key: name for key, name in optional.items() if name in names}, **required}


def _imputed(
    piece: pa.Table,
    preprocessing: Preprocessing,
    columns: tuple[Column, ...],
    sources: Mapping[str, str],
) -> pa.Table:
    filled = preprocessing.fill(piece)
    prepared = preprocessing.scale_filled(filled)
    dmdt, has_dmdt = histogram_matrix(piece.column("dmdt"))
    reason = _texts(piece, "reason")
    healthy = np.asarray(reason.is_null())
    good = healthy & prepared.ok & has_dmdt
    arrays: dict[str, Any] = {
        "reason": pc.if_else(pa.array(healthy & ~good), pa.scalar(UNDEFINED), reason),
        "imputed": pa.array(prepared.imputed, mask=~good),
        OOD.name: _p_values(preprocessing.novelty_of(filled), good),
        "dmdt": _histograms(dmdt, good),
    }
    for j, name in enumerate(preprocessing.features):
        arrays[name] = pa.array(np.ascontiguousarray(prepared.values[:, j]), mask=~good)
    result = []
    for column in columns:
        if column.name in arrays:
            result.append(arrays[column.name])
        elif column.name in sources:
            result.append(piece.column(sources[column.name]))
        else:
            result.append(pa.nulls(piece.num_rows, arrow_type(column.dtype)))
    return pa.table(dict(zip([column.name for column in columns], result, strict=True)))


def _p_values(values: npt.NDArray[np.float64], good: npt.NDArray[np.bool_]) -> pa.Array:
    known = good & np.isfinite(values)
    return pa.array(np.where(known, values, 0).astype(np.float32), mask=~known)


def _texts(piece: pa.Table, name: str) -> pa.Array:
    if name not in piece.schema.names:
        return pa.nulls(piece.num_rows, pa.string())
    return piece.column(name).combine_chunks().cast(pa.string())


def _histograms(values: npt.NDArray[np.float32], good: npt.NDArray[np.bool_]) -> pa.Array:
    # Not FixedSizeListArray with values under its nulls: those would reach the file's bytes.
    values = np.where(good[:, None], values, np.float32(0))
    return pa.FixedSizeListArray.from_arrays(
        pa.array(values.reshape(-1)), CELLS, mask=pa.array(~good)
    )
