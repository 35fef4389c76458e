"""From light curves to probabilities in Python: ``scope.classify``."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from scope.catalog.classify_features import classify_features
from scope.catalog.probabilities import check_frequencies
from scope.checkout import CHECKOUT, SHIPPED_MODELS
from scope.config.load import config_files, load_config
from scope.errors import InputError, named_as
from scope.features.generate_features import generate_features
from scope.io import read_table
from scope.io.atomic import not_kept
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves
from scope.tasks.variables.bundles.model_bundle import MANIFEST, Classifier, ModelBundle
from scope.tasks.variables.training.fuse import models_in_use

if TYPE_CHECKING:
    import pandas as pd

    from scope.config import Config

FREQUENCIES = ("training", "estimated")

_PARTS = ("curves", "features", "catalog")
"""Names of the temporary files."""


def classify(
    lightcurves: LightCurves | pa.Table | pd.DataFrame,
    *,
    group: str | None = None,
    models: str | Path | None = None,
    frequencies: str | None = None,
    config_path: str | Path | None = None,
    workers: int = 1,
) -> pa.Table:
    """Return scores and probabilities of light curves.

    The numbers are those of ``generate-features --light-curves`` followed by ``scope
    classify``. Models are read at the first call and kept for the next ones.

    Parameters
    ----------
    lightcurves : LightCurves, pyarrow.Table or pandas.DataFrame
        Light curves as observed. Of a table, a row for each, with the columns that
        ``generate-features --light-curves`` reads: an integer id (``_id``), lists of times
        (``hmjd``, heliocentric modified Julian date, or ``hjd``, in days), ``mag`` and
        ``magerr`` (mag), and where present ``catflags``, positions, filter and ``obj_id``.
    group : str, optional
        Models of both algorithms; by default those of the configuration.
    models : path, optional
        Folder of models. By default ``./models``, then the models of the checkout.
    frequencies : {"training", "estimated"}, optional
        How frequent classes are taken to be; by default as the configuration says of lists.
    config_path : path, optional
        By default ``./config.yaml`` where there is one.
    workers : int
        Threads; no number depends on it.

    Returns
    -------
    pyarrow.Table
        A row per light curve in ascending order of ``_id``, the columns of docs/catalog.md:
        ``<class>_p`` (probability), ``<class>_set`` (prediction set), ``ood_p``, the scores,
        and ``reason`` where there are none. Nothing is cross-matched.

    Raises
    ------
    InputError
        If the light curves are none, or `frequencies` is unknown.
    MissingColumnError, DuplicateIdError, IdentifierError
        As of ``generate-features``.
    BundleError, ConfigError
        If the models or the configuration cannot be used.
    """
    if frequencies is not None and frequencies not in FREQUENCIES:
        raise InputError("frequencies of classes", value=frequencies, allowed=FREQUENCIES)
    table = _table_of(lightcurves)
    config = _kept_config(config_path, _states(config_path))
    check_frequencies(config)
    groups: dict[str, str] = {
        algorithm: group or config.inference.group_of(algorithm)
        for algorithm in config.inference.algorithms
    }
    folders, fusion = models_in_use(
        [models] if models else [Path("models"), SHIPPED_MODELS], groups
    )
    options = config.probabilities.model_dump()
    if frequencies is not None:
        options["lists"] = frequencies
    with (
        not_kept(),
        tempfile.TemporaryDirectory(prefix="scope-classify-") as name,
        named_as({f"{name}/{part}.parquet": "what was given" for part in _PARTS}),
    ):
        paths = [Path(name) / f"{part}.parquet" for part in _PARTS]
        pq.write_table(table, paths[0])
        generate_features(
            *paths[:2],
            cleaning=config.cleaning_options(),
            options=config.feature_options(),
            backend=config.backend(),
            workers=workers,
            facts={"config_hash": config.config_hash},
        )
        classify_features(
            [paths[1]],
            paths[2],
            bundles=[kept_models(folder) for folder in folders],
            fusion_folder=fusion,
            parents=config.class_parents(),
            exclusive=config.exclusive_classes(),
            periodic=config.periodic_classes(),
            options=options,
            facts={"config_hash": config.config_hash},
            rows=config.inference.batch_rows,
            workers=workers,
        )
        return read_table(paths[2])


@lru_cache(maxsize=4)
def _kept_config(config_path: str | Path | None, states: tuple[Any, ...]) -> Config:
    """Return the configuration; it is read again when one of its files has changed."""
    return load_config(config_path=config_path)


def _states(config_path: str | Path | None) -> tuple[Any, ...]:
    """Return the files of the configuration, with what changes when they do."""
    files = config_files(CHECKOUT, Path(), config_path)
    # One that is not there is told of by whoever reads it.
    there = [(path.resolve(), path.stat()) for path in files if path.exists()]
    return tuple((str(path), status.st_mtime_ns, status.st_size) for path, status in there)


def _table_of(lightcurves: Any) -> pa.Table:
    """Return light curves as a table with the columns of a file of them."""
    if isinstance(lightcurves, pa.Table):
        return lightcurves
    if isinstance(lightcurves, LightCurves):
        return _columns_of(lightcurves)
    if hasattr(lightcurves, "columns") and hasattr(lightcurves, "iloc"):
        try:
            return pa.Table.from_pandas(lightcurves, preserve_index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise InputError(
                "data frame of light curves that is no table",
                value=str(error).splitlines()[0],
                allowed="one type per column: integers, numbers, text, lists of numbers",
            ) from None
    raise InputError(
        "light curves of an unknown kind",
        value=type(lightcurves).__name__,
        allowed="LightCurves, pyarrow.Table or pandas.DataFrame",
    )


def _columns_of(curves: LightCurves) -> pa.Table:
    zero = curves.time_zero_hjd
    if zero not in (0.0, HJD_OF_HMJD_ZERO):
        # Files hold HMJD or HJD; any other zero point is moved to that of HMJD.
        moved = curves.time + (zero - HJD_OF_HMJD_ZERO)
        curves = replace(curves, time=moved, time_zero_hjd=HJD_OF_HMJD_ZERO)
    return curves.to_arrow()


@dataclass(frozen=True)
class _KeptBundle(ModelBundle):
    """A bundle that keeps the models that it has loaded."""

    loaded: dict[tuple[str, str], Classifier] = field(default_factory=dict)

    def classifier(self, tag: str, *, device: str = "cpu") -> Classifier:
        """Return the model of a class, loaded once."""
        if (tag, device) not in self.loaded:
            self.loaded[tag, device] = super().classifier(tag, device=device)
        return self.loaded[tag, device]


def kept_models(folder: str | Path) -> ModelBundle:
    """Return the models of a bundle, read once per process while its manifest is the same.

    Raises
    ------
    BundleError
        If the bundle is not whole.
    """
    folder = Path(folder).resolve()
    manifest = folder / MANIFEST
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else ""
    return _load(folder, digest)


@lru_cache(maxsize=8)
def _load(folder: Path, digest: str) -> ModelBundle:
    """Read a bundle; `digest` makes another key of models that were trained again."""
    return _KeptBundle.load(folder)
