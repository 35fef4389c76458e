"""The ids of a field, quadrant by quadrant, in the files that get-features reads."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from scope.errors import CorruptFileError, InputError, NotFoundError
from scope.identifiers import encode_kowalski
from scope.io.atomic import atomic_path, write_bytes
from scope.io.hdf5 import read_array
from scope.io.values import light_curve_ids
from scope.jsontext import parse_json
from scope.services.kowalski import Kowalski
from scope.surveys.base import Survey, unit_name

Ids = npt.NDArray[np.int64]

_log = logging.getLogger(__name__)


class Quadrant(NamedTuple):
    """The ids of one quadrant, ascending, (n,) int64."""

    ccd: int
    quad: int
    ids: Ids


class IdSource(Protocol):
    """Source of ids."""

    @property
    def catalog(self) -> str:
        """Name of what ids are taken from, for ``meta.json``."""

    @property
    def workers(self) -> int:
        """Quadrants that are worth being listed at a time."""

    def ids(self, field: int, ccd: int, quad: int, min_epochs: int) -> Ids:
        """Return the ids of a quadrant with at least so many epochs, (n,) int64, ascending."""


class KowalskiIds:
    """The ids of a collection of sources or of features.

    Parameters
    ----------
    client : Kowalski
    catalog : str
        The collection.
    rows : int
        Ids of a query.
    """

    def __init__(self, client: Kowalski, catalog: str, rows: int = 10_000) -> None:
        self.catalog = catalog
        self.workers = client.options.queries
        self._client = client
        self._rows = rows
        # Features have the epochs of the cleaned light curve, sources those of the survey.
        self._epochs = "n" if "features" in catalog else "nobs"

    def ids(self, field: int, ccd: int, quad: int, min_epochs: int) -> Ids:
        """Return the ids of a quadrant with at least so many epochs, (n,) int64, ascending.

        They are chosen by what the ids say: documents that Kowalski's own program for features
        makes have neither field nor detector nor quadrant.
        """
        condition = {self._epochs: {"$gte": min_epochs}}
        first, last = encode_kowalski(field, ccd, quad, [1, 3], [0, 10**6 - 1]).tolist()
        pages = self._client.pages(
            self.catalog,
            condition,
            {},
            ids=(first, last + 1),
            rows=self._rows,
            places={"field": field, "ccd": ccd, "quad": quad},
        )
        return np.array([one["_id"] for page in pages for one in page], dtype=np.int64)


class ArchiveIds:
    """The ids of the light curves of an archive."""

    workers = 1

    def __init__(self, archive: Survey) -> None:
        self.catalog = archive.release
        self._archive = archive

    def ids(self, field: int, ccd: int, quad: int, min_epochs: int) -> Ids:
        """Return the ids of a quadrant with at least so many epochs, (n,) int64, ascending."""
        unit = unit_name(ccd, quad)
        if unit not in self._archive.units(field):
            return np.zeros(0, dtype=np.int64)
        table = self._archive.sources(field, unit)
        enough = table.column("n_listed").fill_null(0).to_numpy() >= min_epochs
        return np.asarray(table.column("_id").to_numpy()[enough])


def get_quad_ids(
    source: IdSource,
    field: int,
    output_dir: str | Path,
    *,
    ccds: Sequence[int] = range(1, 17),
    quads: Sequence[int] = range(1, 5),
    min_epochs: int = 20,
    skip: int = 0,
    whole_field: bool = False,
) -> list[Quadrant]:
    """Write the ids of quadrants of a field, and how many there are.

    Parameters
    ----------
    source : IdSource
    field : int
    output_dir : path
        Gets ``meta.json`` and either ``field_<F>.h5`` with all ids (data set
        ``dataset_field_<F>``) or, for each quadrant, ``data_ccd_<CC>_quad_<Q>.h5`` (data
        set ``dataset_ccd_<C>_quad_<Q>_field_<F>``) and, one id a line,
        ``data_ccd_<C>_quad_<Q>_field_<F>.csv``.
    ccds, quads : sequence of int
        Detectors and quadrants.
    min_epochs : int
        Light curves with fewer epochs are left out.
    skip : int
        Ids that are left out at the start of each quadrant.
    whole_field : bool
        All ids in one file.

    Returns
    -------
    list of Quadrant
        By detector and quadrant; those without ids too.

    Raises
    ------
    NotFoundError
        If an archive has no such field, or Kowalski no such collection; or if no quadrant has
        any ids. Nothing is written then.
    """
    folder = Path(output_dir)
    quadrants = list(_list(source, field, ccds, quads, min_epochs, skip))
    if not any(len(part.ids) for part in quadrants):
        skipped = f" after the first {skip} of each quadrant" if skip else ""
        raise NotFoundError(
            f"no light curves of field {field} in {source.catalog}{skipped}",
            value=f"{len(quadrants)} quadrants, with at least {min_epochs} epochs",
            todo="name another field, quadrants, --minobs or --catalog",
        )
    if whole_field:
        every = np.sort(np.concatenate([part.ids for part in quadrants]))
        _write_h5(folder / f"field_{field}.h5", f"dataset_field_{field}", every)
    else:
        for ccd, quad, ids in quadrants:
            name = f"ccd_{ccd}_quad_{quad}_field_{field}"
            _write_h5(folder / quadrant_file(ccd, quad), f"dataset_{name}", ids)
            write_ids(ids, folder / f"data_{name}.csv")
    counts: dict[int, Any] = {ccd: {"quad": {}} for ccd in ccds}
    for ccd, quad, ids in quadrants:
        counts[ccd]["quad"][quad] = len(ids)
    meta = {
        "catalog": source.catalog,
        "minobs": min_epochs,
        "field": field,
        "ccd_range": [ccds[0], ccds[-1]],
        "quad_range": [quads[0], quads[-1]],
        "ccd": counts,
        "total": sum(len(part.ids) for part in quadrants),
    }
    write_bytes(json.dumps(meta, indent=2).encode(), folder / "meta.json")
    return quadrants


def quadrant_file(ccd: int, quad: int) -> str:
    """Return the name of the file with the ids of a quadrant."""
    return f"data_ccd_{ccd:02d}_quad_{quad}.h5"


def write_ids(ids: Ids, path: str | Path) -> None:
    """Write ids as text, one a line.

    `ids`: (n,) int64.
    """
    write_bytes("".join(f"{number}\n" for number in ids.tolist()).encode(), Path(path))


def read_quad_ids(path: str | Path) -> Ids:
    """Read the ids of a file of `get_quad_ids`, (n,) int64, in its order.

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorruptFileError
        If it is no HDF5 file.
    InputError
        If it does not hold one list of whole numbers, or they may have lost digits.
    """
    if not Path(path).is_file():
        raise NotFoundError("no such file of ids", value=str(path), todo="run get-quad-ids first")
    values = read_array(path)
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise InputError(
            f"file of ids that holds something else, {path}",
            value=f"{values.dtype}, shape {values.shape}",
            allowed="a list of whole numbers, as get-quad-ids writes it",
        )
    # SCoPe's own files hold the ids as floats, which have room for their 14 digits.
    ids = light_curve_ids(values, "id", path)
    if ids.isna().any():
        raise InputError(f"row without an id in {path}", allowed="whole numbers")
    return ids.to_numpy(dtype=np.int64)


def count_ids(path: str | Path) -> dict[str, int]:
    """Read how many ids each quadrant has, by the name of its unit, from a ``meta.json``.

    Returns
    -------
    dict
        Empty if there is no such file.

    Raises
    ------
    CorruptFileError
        If it is none of `get_quad_ids`.
    """
    path = Path(path)
    if not path.is_file():
        return {}
    try:
        return {
            unit_name(int(ccd), int(quad)): int(count)
            for ccd, detector in parse_json(path.read_text())["ccd"].items()
            for quad, count in detector["quad"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFileError(
            "list of ids that cannot be read", value=str(path), todo="run get-quad-ids again"
        ) from error


def _list(
    source: IdSource,
    field: int,
    ccds: Sequence[int],
    quads: Sequence[int],
    min_epochs: int,
    skip: int,
) -> Iterator[Quadrant]:
    """Yield the ids of quadrants in their order, several being listed at a time."""
    places = [(ccd, quad) for ccd in ccds for quad in quads]
    with ThreadPoolExecutor(source.workers) as pool:
        jobs = [pool.submit(source.ids, field, *place, min_epochs) for place in places]
        try:
            for (ccd, quad), job in zip(places, jobs, strict=True):
                ids = job.result()[skip:]
                if len(ids):
                    _log.info("field %d ccd %d quad %d: %d ids", field, ccd, quad, len(ids))
                yield Quadrant(ccd, quad, ids)
        finally:
            for job in jobs:
                job.cancel()


def _write_h5(path: Path, name: str, ids: Ids) -> None:
    import h5py

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.create_dataset(name, data=ids)
