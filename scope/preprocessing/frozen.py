"""Imputation and scaling, fitted once on training rows and then frozen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from scope.errors import CorruptFileError
from scope.io.atomic import write_bytes
from scope.jsontext import parse_json
from scope.preprocessing.matrices import Columns, feature_matrix
from scope.preprocessing.neighbours import NeighbourReference, fit_neighbours
from scope.preprocessing.novelty import Novelty
from scope.preprocessing.scales import SCALERS, Curve, normal_curves, stated_scales
from scope.preprocessing.strategies import Scaling, Strategy, check_learnable, check_settings

Floats = npt.NDArray[np.float64]
KIND = "scope preprocessing"
SCHEMA_VERSION = 1


class Filled(NamedTuple):
    """Features without missing values.

    Attributes
    ----------
    values : (n, k) float64 or float32
        NaN in the whole row where `ok` is false.
    imputed : (n,) uint64
        Bit i is set where the i-th of `Preprocessing.imputable` was filled.
    ok : (n,) bool
        False where a feature without imputation is undefined.
    """

    values: npt.NDArray[np.floating]
    imputed: npt.NDArray[np.uint64]
    ok: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """A frozen imputer and scaler of the features of light curves.

    What a row becomes depends on that row and the stored numbers only. Infinite values
    count as missing. Where `low` and `high` are finite, values beyond those of the
    training rows are scaled like the nearest of them: a network has learnt nothing about
    what lies beyond, and features with long tails would drown all others. (The published
    models of the ZTF Source Classification Project do not clip. Trees split within the
    training range only: to them it is the same.)

    Attributes
    ----------
    features : tuple of str, length k
        Columns that are read and returned, in this order.
    strategies : tuple of str, length k
        ``zero``, ``median``, ``mean`` of the training rows, ``regress`` (mean of the
        nearest reference rows) or ``none``: undefined there means no result for the row.
    fills : (k,) float64
        What ``zero``, ``median`` and ``mean`` put in; NaN for the others.
    scaling : {"min_max", "median_std", "quantile"}
        How `offset` and `scale`, or `curves`, were found.
    offset, scale : (k,) float64
        Scaled values are ``(value - offset) / scale``; 0 and 1 for features that are
        constant over the training rows, and where `curves` take their place.
    low, high : (k,) float64
        Smallest and largest value over the training rows; infinite without clipping. `curves`
        are flat beyond their ends in any case.
    neighbours : NeighbourReference or None
        Of the ``regress`` features, in their order; None without such features.
    period_suffix : str
        Search whose columns the features are; its ``period_…`` goes to the products.
    seed : int
        Of the draw of reference rows.
    n_training_rows : int
        Rows that it was fitted on.
    made_with : dict
        Settings of the features of the training set, such as the form of the Fourier
        features; JSON.
    curves : tuple of Curve, length k, or None
        Of ``quantile``: what each feature becomes.
    novelty : Novelty or None
        What tells rows that are unlike all of training; None where that was not learnt.
    """

    features: tuple[str, ...]
    strategies: tuple[Strategy, ...]
    fills: Floats
    scaling: Scaling
    offset: Floats
    scale: Floats
    low: Floats
    high: Floats
    neighbours: NeighbourReference | None
    period_suffix: str
    seed: int
    n_training_rows: int
    made_with: dict[str, Any] = field(default_factory=dict)
    curves: tuple[Curve, ...] | None = None
    novelty: Novelty | None = None

    @classmethod
    def fit(
        cls,
        table: Columns,
        features: Sequence[str],
        impute: Mapping[str, str],
        *,
        scaling: str = "min_max",
        scales: Mapping[str, Mapping[str, float | None]] | None = None,
        clip: bool = True,
        n_neighbors: int = 5,
        n_reference: int = 4000,
        period_suffix: str = "LS_BIC",
        seed: int = 42,
        made_with: Mapping[str, Any] | None = None,
    ) -> Preprocessing:
        """Learn fillings and scales from training rows.

        Rows in which a feature without imputation is undefined are left out. Scales are
        those of the filled rows.

        Parameters
        ----------
        table : table, data frame or mapping of columns
            Training rows only: validation and test rows must not be among them.
        features : sequence of str
            Columns, in the order of the models' input.
        impute : mapping of str to str
            Strategy of each feature.
        scaling : {"min_max", "median_std", "quantile"}
            ``(x - min) / (max - min)``; ``(x - median) / population standard deviation``; or
            onto the standard normal distribution by ranks, which features that span decades
            need, such as periods.
        scales : mapping of feature to statistics, optional
            ``min``, ``max``, ``median`` and ``std`` to scale by, instead of those of the rows;
            ``min`` and ``max`` are where values are clipped, too.
        clip : bool
            Scale values beyond the training range like its ends.
        n_neighbors, n_reference : int
            Neighbours per filled value, and rows that are drawn to look for them.
        made_with : mapping, optional
            Settings of the features, to compare with those of other files.

        Raises
        ------
        ConfigError
            If a strategy or scaling is unknown or there are too many features to impute.
        MissingColumnError, InputError
            If the table lacks a column, or a column has no value to learn from.
        """
        strategies = check_settings(features, impute, scaling)
        raw = feature_matrix(table, features)
        required = np.array([strategy == "none" for strategy in strategies])
        raw = raw[np.isfinite(raw[:, required]).all(axis=1)]
        check_learnable(raw, features, strategies)
        neighbours = fit_neighbours(raw, strategies, n_neighbors, n_reference, seed)
        fills = np.array([_filling(raw[:, j], s) for j, s in enumerate(strategies)])
        unscaled = cls(
            features=tuple(features),
            strategies=strategies,
            fills=fills,
            scaling=cast(Scaling, scaling),
            offset=np.zeros(len(features)),
            scale=np.ones(len(features)),
            low=np.full(len(features), -np.inf),
            high=np.full(len(features), np.inf),
            neighbours=neighbours,
            period_suffix=period_suffix,
            seed=seed,
            n_training_rows=len(raw),
            made_with=dict(made_with or {}),
        )
        filled = cast(Floats, unscaled._fill(raw).values)
        low, high = filled.min(axis=0), filled.max(axis=0)
        if scales is not None:
            offset, scale, low, high = stated_scales(unscaled.features, scales, unscaled.scaling)
            fitted = replace(unscaled, offset=offset, scale=scale)
        elif scaling == "quantile":
            fitted = replace(unscaled, curves=tuple(normal_curves(filled)))
        else:
            offset, scale = SCALERS[unscaled.scaling](filled)
            fitted = replace(unscaled, offset=offset, scale=scale)
        return replace(fitted, low=low, high=high) if clip else fitted

    @property
    def imputable(self) -> tuple[str, ...]:
        """Features that can be filled, in the order of the bits of the mask."""
        return tuple(
            name
            for name, strategy in zip(self.features, self.strategies, strict=True)
            if strategy != "none"
        )

    def fill(self, columns: Columns) -> Filled:
        """Return the features with missing values filled, unscaled, in float64."""
        return self._fill(feature_matrix(columns, self.features))

    def transform(self, columns: Columns) -> Filled:
        """Return the features filled and scaled, ready for the models, in float32.

        A row whose scaled values do not fit into float32 is not `ok` either.

        Raises
        ------
        MissingColumnError
            If a feature is not among the columns.
        """
        return self.scale_filled(self.fill(columns))

    def scale_filled(self, filled: Filled) -> Filled:
        """Return what `fill` returned scaled, as `transform` does."""
        with np.errstate(over="ignore"):
            scaled = self._scale(np.clip(filled.values, self.low, self.high)).astype(np.float32)
        ok = np.asarray(filled.ok & np.isfinite(scaled).all(axis=1))
        scaled[~ok] = np.nan
        return Filled(scaled, np.where(ok, filled.imputed, np.uint64(0)), ok)

    def novelty_of(self, filled: Filled) -> Floats:
        """Return the p-value of each row's being like those of training; see `Novelty`.

        Parameters
        ----------
        filled : Filled
            As `fill` returned it, not scaled.

        Returns
        -------
        (n,) float64
            NaN where that was not learnt, or a feature without imputation is undefined.
        """
        if self.novelty is None:
            return np.full(len(filled.values), np.nan)
        place = {name: j for j, name in enumerate(self.features)}
        chosen = [place[name] for name in self.novelty.features]
        return self.novelty.p_value(np.asarray(filled.values[:, chosen], dtype=np.float64))

    def _scale(self, values: Floats) -> Floats:
        if self.curves is None:
            return np.asarray((values - self.offset) / self.scale)
        columns = [np.interp(values[:, j], *curve) for j, curve in enumerate(self.curves)]
        return np.column_stack(columns)

    def _fill(self, raw: Floats) -> Filled:
        values = np.where(np.isfinite(raw), raw, np.nan)
        missing = np.isnan(values)
        required = np.array([strategy == "none" for strategy in self.strategies])
        ok = np.asarray(~missing[:, required].any(axis=1))
        constant = np.isfinite(self.fills)
        values[:, constant] = np.where(
            missing[:, constant], self.fills[constant], values[:, constant]
        )
        if self.neighbours is not None:
            regress = np.array([strategy == "regress" for strategy in self.strategies])
            values[:, regress] = self.neighbours.fill(values[:, regress])
        bits = np.uint64(1) << np.arange(len(self.imputable), dtype=np.uint64)
        imputed = (missing[:, ~required] * bits).sum(axis=1, dtype=np.uint64)
        values[~ok] = np.nan
        return Filled(values, np.where(ok, imputed, np.uint64(0)), ok)

    @cached_property
    def content(self) -> bytes:
        """The bytes of the file."""
        return (json.dumps(self._to_json(), indent=1, allow_nan=False) + "\n").encode()

    @property
    def sha256(self) -> str:
        """Hash of the file: the name of this preprocessing."""
        return hashlib.sha256(self.content).hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the file, the same bytes for the same fit."""
        write_bytes(self.content, path)

    @classmethod
    def load(cls, path: str | Path) -> Preprocessing:
        """Read what `save` wrote.

        Raises
        ------
        CorruptFileError
            If the file is not one, or of another version.
        """
        try:
            loaded = _read(Path(path).read_bytes())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorruptFileError(
                f"preprocessing file {path} cannot be read",
                value=str(error),
                allowed=f"a file of kind {KIND!r}, version {SCHEMA_VERSION}",
                todo="take it from a model bundle",
            ) from error
        return loaded

    def _to_json(self) -> dict[str, Any]:
        return {
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "period_suffix": self.period_suffix,
            "scaling": self.scaling,
            "n_training_rows": self.n_training_rows,
            "seed": self.seed,
            "made_with": self.made_with,
            "features": [
                {
                    "name": name,
                    "impute": self.strategies[j],
                    "fill": _finite(self.fills[j]),
                    "low": _finite(self.low[j]),
                    "high": _finite(self.high[j]),
                    "offset": float(self.offset[j]),
                    "scale": float(self.scale[j]),
                    **self._curve_to_json(j),
                }
                for j, name in enumerate(self.features)
            ],
            "imputable": list(self.imputable),
            "neighbours": None if self.neighbours is None else self.neighbours.to_json(),
            **({} if self.novelty is None else {"novelty": self.novelty.to_json()}),
        }

    def _curve_to_json(self, j: int) -> dict[str, Any]:
        if self.curves is None:
            return {}
        return {name: part.tolist() for name, part in self.curves[j]._asdict().items()}

    @classmethod
    def _from_json(cls, data: dict[str, Any]) -> Preprocessing:
        features = data["features"]
        return cls(
            features=tuple(item["name"] for item in features),
            strategies=tuple(item["impute"] for item in features),
            fills=_column(features, "fill", np.nan),
            scaling=data["scaling"],
            offset=_column(features, "offset"),
            scale=_column(features, "scale"),
            low=_column(features, "low", -np.inf),
            high=_column(features, "high", np.inf),
            neighbours=None
            if data["neighbours"] is None
            else NeighbourReference.from_json(data["neighbours"]),
            period_suffix=data["period_suffix"],
            seed=data["seed"],
            n_training_rows=data["n_training_rows"],
            made_with=data["made_with"],
            curves=tuple(Curve(np.array(item["at"]), np.array(item["to"])) for item in features)
            if data["scaling"] == "quantile"
            else None,
            novelty=Novelty.from_json(data["novelty"]) if "novelty" in data else None,
        )


def _finite(value: float) -> float | None:
    """Return a number as JSON has it: null for infinities and NaN."""
    return float(value) if np.isfinite(value) else None


def _column(items: Sequence[Mapping[str, Any]], name: str, null: float | None = None) -> Floats:
    """Return one number per feature, `null` for JSON's null."""
    values = [null if item[name] is None else item[name] for item in items]
    return np.array(values, dtype=np.float64)


def _filling(column: Floats, strategy: Strategy) -> float:
    finite = column[np.isfinite(column)]
    if strategy == "zero":
        return 0.0
    if strategy == "median":
        return float(np.median(finite))
    return float(np.mean(finite)) if strategy == "mean" else np.nan


@lru_cache(maxsize=4)
def _read(content: bytes) -> Preprocessing:
    """Return what a file says; processes that score few light curves at a time ask often."""
    data = parse_json(content)
    if (data.get("kind"), data.get("schema_version")) != (KIND, SCHEMA_VERSION):
        raise KeyError(f"kind {data.get('kind')!r} version {data.get('schema_version')}")
    loaded = Preprocessing._from_json(data)
    # The name of the file is the hash of its bytes, also where a later version of
    # this code would write the same numbers differently.
    loaded.__dict__["content"] = content
    return loaded
