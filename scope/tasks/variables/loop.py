"""The loop of questions for light curves: which sources would most improve what models know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.active.loop import chosen_learners
from scope.errors import ConfigError, InputError, few
from scope.features.registry import REGISTRY
from scope.io.atomic import atomic_path
from scope.io.npyfile import read_npy
from scope.io.values import exact_names

Floats = npt.NDArray[np.floating]

LEARNERS = ("trees", "xgb", "dnn")
WITH_DROPOUT = ("dnn",)
KEYS = (
    *("data", "classes", "object", "learner", "learners", "trees", "epochs", "light_curves"),
    *("period",),
)
DMDT = "dmdt"
FILTERS = {1: ("g", "#2a7"), 2: ("r", "#c33"), 3: ("i", "#a6a")}
WIDTH, HEIGHT = 430, 200


class VariablesLoop:
    """Questions about the sources of feature files.

    Parameters
    ----------
    settings : mapping
        ``data``: feature files (Parquet); ``classes``: what people may answer, one each;
        ``object``: column that names a source (``obj_id``, or ``_id`` where it is empty);
        ``learner``: ``trees``, ``xgb`` or ``dnn``; ``learners``: several, for the filling
        ``algorithms``; ``trees``: how many a member has; ``epochs``: of networks;
        ``light_curves``: files of light curves, for the page; ``period``: column to fold by.
    """

    unsure: tuple[str, ...] = ()
    with_dropout = WITH_DROPOUT

    def __init__(self, settings: Mapping[str, Any]) -> None:
        if unknown := sorted(set(settings) - set(KEYS)):
            raise ConfigError(
                "key of active.tasks.variables.options", value=unknown[0], allowed=KEYS
            )
        self.options = dict(settings)
        self.classes = tuple(str(name) for name in settings.get("classes", ()))
        if len(self.classes) < 2:
            raise ConfigError(
                "classes to ask about",
                value=few(self.classes) or "none",
                allowed="two or more, in active.tasks.variables.options.classes",
            )
        self.learners = chosen_learners(settings, LEARNERS, "features")
        self._curves: dict[int, tuple[Any, Any]] | None = None
        self._ranks: Floats | None = None

    def _paths(self, key: str) -> list[Path]:
        value = self.options.get(key, [])
        return [Path(value)] if isinstance(value, str) else [Path(path) for path in value]

    def _check_columns(self, there: Sequence[Any]) -> None:
        """Raise ConfigError if the features lack a column that the options name."""
        for key in ("object", "period"):
            name = self.options.get(key)
            if name and name not in there:
                raise ConfigError(
                    f"column of features that active.tasks.variables.options.{key} names",
                    value=name,
                    allowed=few(there),
                    todo="correct the name, or leave the key out",
                )

    def prepare(self, folder: Path) -> None:
        """Write the features of all rows as one array; a row without features lacks data."""
        import pandas as pd
        from pandas.api.types import is_numeric_dtype

        from scope.io.frames import read_parquet, write_parquet

        if not self._paths("data"):
            raise ConfigError(
                "features to ask about",
                value="active.tasks.variables.options.data",
                todo="name feature files",
            )
        frame = pd.concat([read_parquet(path) for path in self._paths("data")], ignore_index=True)
        # Codes of catalogues, such as photometric quality, are features too, but no numbers.
        numbers = [str(one) for one, kind in frame.dtypes.items() if is_numeric_dtype(kind)]
        names = feature_columns(numbers)
        if not names:
            raise InputError("file without features", value=few(map(str, self._paths("data"))))
        self._check_columns(list(frame.columns))
        x = frame[names].to_numpy(dtype=np.float32, na_value=np.nan)
        # An infinite number measures nothing, as in training sets.
        x = np.where(np.isfinite(x), x, np.float32(np.nan))
        missing = np.isnan(x).mean(axis=1) > 0.5
        column = str(self.options.get("object", "obj_id"))
        ids = frame["_id"].astype(str)
        named: Sequence[str | None] = (
            exact_names(frame[column], column, few(map(str, self._paths("data"))))
            if column in frame
            else [None] * len(frame)
        )
        pool = pd.DataFrame(
            {
                "object": [name or own for name, own in zip(named, ids, strict=True)],
                "missing": missing,
                "_id": frame["_id"],
                "filter": frame.get("filter", pd.Series([0] * len(frame))),
            }
        )
        period = str(self.options.get("period", ""))
        if period in frame:
            pool["period"] = frame[period].to_numpy(dtype=float, na_value=np.nan)
        pool.attrs = {"task": "variables", "features": names}
        arrays = {"x": x}
        if DMDT in frame:
            arrays[DMDT] = _histograms(frame[DMDT])
        for name, values in arrays.items():
            with atomic_path(folder / f"{name}.npy") as path, open(path, "wb") as file:
                np.save(file, values)
        write_parquet(pool, folder / "pool.parquet")

    def features(self, folder: Path) -> Floats:
        """Return features as ranks, (n, k) float64.

        A rank is counted among the rows that have the feature and divided by their number: above
        0, at most 1; a missing one is 0.5.
        """
        if self._ranks is None:
            from scipy.stats import rankdata

            x = read_npy(folder / "x.npy")
            known = np.maximum(np.isfinite(x).sum(axis=0), 1)
            ranks = rankdata(x, axis=0, nan_policy="omit") / known
            self._ranks = np.nan_to_num(ranks, nan=0.5)
        return self._ranks

    def member(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        learner: str,
    ) -> Floats:
        """Train a member on rows and return probabilities of all rows, (n, k).

        `rows` and `y`, their classes: (l,) int64.
        """
        if learner == "xgb":
            return xgb_member(read_npy(folder / "x.npy"), rows, y, len(self.classes), seed)
        if learner == "dnn":
            return self._network(folder, rows, y, seed)[:, 0]
        from scope.active.play_queries import tree_members

        x = self.features(folder)
        return tree_members(x, len(self.classes), int(self.options.get("trees", 50)))(rows, y, seed)

    def passes(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        passes: int,
    ) -> Floats:
        """Train one network and return (n, passes, k), with dropout left on.

        `rows` and `y`, their classes: (l,) int64.
        """
        return self._network(folder, rows, y, seed, passes)

    def _network(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        passes: int = 0,
    ) -> Floats:
        from scope.active.networks import Steps
        from scope.tasks.variables.class_network import class_network

        inputs = [np.asarray(self.features(folder), dtype=np.float32)]
        if (folder / f"{DMDT}.npy").is_file():
            inputs.append(read_npy(folder / f"{DMDT}.npy", mapped=True))
        steps = Steps(epochs=int(self.options.get("epochs", 60)))
        network = class_network(inputs[0].shape[1], len(inputs) > 1, len(self.classes), steps)
        network.train(inputs, rows, y, seed)
        return network.predict(inputs, passes)

    def draw(self, folder: Path, row: int, said: Mapping[str, Any]) -> str:
        """Return the light curves of the source in all bands, as measured and folded."""
        from scope.io.frames import read_parquet

        pool = read_parquet(folder / "pool.parquet")
        name = pool["object"].iloc[row]
        same = pool[pool["object"] == name]
        if self._curves is None:
            self._curves = read_curves(self._paths("light_curves"), set(pool["_id"]))
        curves = [
            (int(band), *self._curves[one])
            for one, band in zip(same["_id"], same["filter"], strict=True)
            if one in self._curves
        ]
        if not curves:
            return (
                "<p>No light curves were given (active.tasks.variables.options.light_curves).</p>"
            )
        period = float(pool["period"].iloc[row]) if "period" in pool else np.nan
        return draw_curves(curves, None) + (draw_curves(curves, period) if period > 0 else "")


def _histograms(column: Any) -> npt.NDArray[np.float32]:
    """Return magnitude-time histograms, (n, 26, 26, 1) float32; zeros where there is none.

    Raises
    ------
    InputError
        If one is of another size.
    """
    import pyarrow as pa

    from scope.preprocessing.matrices import BINS, histogram_matrix

    values, _ = histogram_matrix(pa.array(column, from_pandas=True))
    return values.reshape(-1, BINS, BINS, 1)


def feature_columns(names: Sequence[str]) -> list[str]:
    """Return which columns are features: numbers of the registry, with a period's suffix or not."""
    found = []
    for name in map(str, names):
        base = name if name in REGISTRY else name.rpartition("_")[0]
        base = base if base in REGISTRY else name.split("_")[0]
        if base in REGISTRY and name != "dmdt":
            found.append(name)
    return found


def xgb_member(
    x: Floats, rows: npt.NDArray[np.int64], y: npt.NDArray[np.int64], k: int, seed: int
) -> Floats:
    """Train gradient-boosted trees and return (n, k); missing features stay missing.

    `x`: (n, d) float, features of the pool; `rows` and `y`, their classes: (l,) int64.
    """
    import xgboost

    present = np.unique(y)
    place = np.searchsorted(present, y)
    kind = {"objective": "multi:softprob", "num_class": len(present)}
    parameters = {**kind, "max_depth": 4, "eta": 0.2, "subsample": 0.8, "seed": seed, "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(x[rows], place), 60)
    p = np.zeros((len(x), k))
    p[:, present] = booster.predict(xgboost.DMatrix(x)).reshape(len(x), len(present))
    return p


def read_curves(paths: Sequence[Path], wanted: set[int]) -> dict[int, tuple[Any, Any]]:
    """Return times and magnitudes of light curves by their ids."""
    from scope.io.tables import iter_batches

    found = {}
    for path in paths:
        for table in iter_batches(path, ["_id", "hmjd", "mag"]):
            for row in table.to_pylist():
                if row["_id"] in wanted:
                    found[row["_id"]] = (np.array(row["hmjd"]), np.array(row["mag"]))
    return found


def draw_curves(curves: Sequence[tuple[int, Any, Any]], period: float | None) -> str:
    """Return an SVG of light curves, (filter, days, mag), bright above; folded by a period."""
    days = np.concatenate([curve[1] for curve in curves])
    mags = np.concatenate([curve[2] for curve in curves])
    start = float(days.min()) if len(days) else 0.0
    low, high = np.percentile(mags, [1, 99]) if len(mags) else (0.0, 1.0)
    span = max(float(days.max() - start), 1e-6) if len(days) else 1.0
    height = max(high - low, 1e-3)
    title = f"folded by {period:.6g} d" if period else "as measured"
    parts = [
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' role='img' aria-label='light curve "
        f"{title}' font-size='12' font-family='sans-serif'><text x='8' y='14'>{title}, "
        f"{high:.2f} to {low:.2f} mag</text>"
    ]
    for band, times, magnitudes in curves:
        name, colour = FILTERS.get(band, ("", "#555"))
        place = (times - start) / span
        if period:
            phase = ((times - start) / period) % 1
            place, magnitudes = np.append(phase, phase + 1) / 2, np.append(magnitudes, magnitudes)
        x = 8 + place * (WIDTH - 16)
        y = 24 + np.clip((magnitudes - low) / height, -0.05, 1.05) * (HEIGHT - 40)
        dots = "".join(
            f"<circle cx='{a:.1f}' cy='{b:.1f}' r='1.6'/>" for a, b in zip(x, y, strict=True)
        )
        parts.append(f"<g fill='{colour}' opacity='.7'><title>{name}</title>{dots}</g>")
    return "".join([*parts, "</svg>"])


def open_loop(settings: Mapping[str, Any]) -> VariablesLoop:
    """Return the loop of this task."""
    return VariablesLoop(settings)
