"""Documents as Kowalski's ingesters make them, from the files of an archive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import bson
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.services.kowalski_stub.points import Points, points_of

Document = dict[str, Any]

SOURCES = "ZTF_sources_20240117"
FEATURES = "ZTF_source_features_DR16"
_NAME = re.compile(r"ztf_(\d{6})_z([gri])_c(\d\d)_q(\d)_dr\d+\.parquet")


def collections_of(folder: Path, *, sources: str = SOURCES, **options: Any) -> dict[str, Any]:
    """Return the collections that an archive's files would be ingested as."""
    found: dict[str, Any] = {sources: list(source_documents(folder, **options))}
    for name in ("Gaia_EDR3", "AllWISE", "PS1_DR1"):
        for path in sorted(folder.rglob(f"crossmatch/{name}.parquet")):
            found.setdefault(name, []).extend(catalogue_documents(path))
    for path in sorted(folder.rglob("crossmatch/alerts.parquet")):
        found.setdefault("ZTF_alerts", []).extend(alert_documents(path))
    return found


def kowalski_id(objectid: int, rc: int) -> int:
    """Return the id that a light curve of a data release gets here, by Kowalski's scheme."""
    field, filter_ = objectid // 10**12, objectid // 10**11 % 10
    return 10**13 + field * 10**9 + rc * 10**7 + filter_ * 10**6 + objectid % 10**8


def source_documents(
    folder: Path,
    *,
    release_ids: bool = False,
    decimals: int = 5,
    programids: Sequence[int] = (1,),
) -> Iterator[Document]:
    """Yield the documents of a collection of sources.

    Parameters
    ----------
    folder : Path
    release_ids : bool
        Keep the ids of the data release.
    decimals : int
        Digits that times and magnitudes are rounded to.
    programids : sequence of int
        Taken in turn by the points of a light curve.
    """
    for path in sorted(folder.rglob("ztf_*.parquet")):
        if (match := _NAME.fullmatch(path.name)) is None:
            continue
        ccd, quad = int(match[3]), int(match[4])
        for row in _rows(pq.read_table(path)):
            yield _source(row, ccd, quad, release_ids, decimals, programids)


def public_documents(path: Path) -> Iterator[Document]:
    """Yield documents as made from the public bulk files: modified dates, few keys."""
    for row in _rows(pq.read_table(path)):
        columns = {"hjd": np.round(row["hmjd"].astype(float), 3)}
        columns |= {name: np.round(row[name].astype(float), 3) for name in ("mag", "magerr")}
        columns["clrcoeffs"] = np.round(row["clrcoeff"].astype(float), 3)
        columns["catflags"] = row["catflags"]
        yield {
            "_id": row["objectid"],
            "filter": row["filterid"],
            "field": row["fieldid"],
            "rc": row["rcid"],
            "ra": row["objra"],
            "dec": row["objdec"],
            "nobs": row["nepochs"],
            "coordinates": coordinates(row["objra"], row["objdec"]),
            "data": Points(columns),
        }


def catalogue_documents(path: Path) -> Iterator[Document]:
    """Yield documents of an external catalogue, nulls dropped; Gaia's ids are texts."""
    for row in pq.read_table(path).to_pylist():
        document = {name: value for name, value in row.items() if value is not None}
        if "Gaia" in path.name:
            document["_id"] = str(document["_id"])
        yield {**document, "coordinates": coordinates(row["ra"], row["dec"])}


def alert_documents(path: Path) -> Iterator[Document]:
    """Yield alerts with cut-outs; those without a score have no ``braai``."""
    for number, row in enumerate(pq.read_table(path).to_pylist()):
        scores = {} if row["braai"] is None else {"braai": row["braai"]}
        candidate = {name: row[name] for name in ("ra", "dec", "jd", "fid") if name in row}
        yield {
            "_id": bson.ObjectId(f"{number + 1:024x}"),
            "candid": row.get("candid", number),
            "candidate": {**candidate, "programid": 1},
            "classifications": {**scores, "braai_version": "d6_m9"},
            "cutoutScience": {"fileName": "sci.fits.gz", "stampData": b"\x1f\x8b"},
            "coordinates": coordinates(row["ra"], row["dec"]),
        }


def feature_documents(
    tables: Iterable[pa.Table], suffix: str, *, dmdt_side: int = 26, places: bool = False
) -> Iterator[Document]:
    """Yield documents of a collection of features from files of features.

    Periodic columns lose their suffix, a histogram becomes a list of lists; NaN stays. As those
    of Kowalski's own ingester they say neither field nor detector nor quadrant, unless `places`
    are asked for.
    """
    for table in tables:
        for row in table.to_pylist():
            document = {}
            for name, value in row.items():
                if name == "reason" or (value is None and "___id" in name):
                    continue
                if name in ("field", "ccd", "quad") and not places:
                    continue
                if name == "dmdt" and value is not None:
                    value = np.reshape(value, (dmdt_side, dmdt_side)).tolist()
                document[name.removesuffix(f"_{suffix}")] = value
            document["coordinates"] = coordinates(row["ra"], row["dec"])
            yield document


def coordinates(ra: float, dec: float) -> Document:
    """Return the field ``coordinates`` of a document: longitudes are less by 180 degrees."""
    return {
        "radec_str": [_sexagesimal(ra / 15, 4), _sexagesimal(dec, 3)],
        "radec_geojson": {"type": "Point", "coordinates": [ra - 180.0, dec]},
    }


def _source(
    row: Document,
    ccd: int,
    quad: int,
    release_ids: bool,
    decimals: int,
    programids: Sequence[int],
) -> Document:
    rc = 4 * (ccd - 1) + quad - 1
    n = len(row["hmjd"])
    time = np.round(row["hmjd"].astype(float), decimals) + 2400000.5
    mag = np.round(row["mag"].astype(float), decimals)
    data = points_of(
        hjd=np.round(time, decimals),
        mag=mag,
        magerr=np.round(row["magerr"].astype(float), decimals),
        chi=np.ones(n),
        sharp=np.zeros(n),
        catflags=row["catflags"].astype(np.int64),
        expid=np.arange(n),
        programid=np.resize(np.array(programids, dtype=np.int64), n),
        ra=np.full(n, row["objra"]),
        dec=np.full(n, row["objdec"]),
        uexpid=10**16 + row["fieldid"] * 10**12 + rc * 10**10 + np.arange(n),
    )
    objectid = row["objectid"]
    return {
        "_id": objectid if release_ids else kowalski_id(objectid, rc),
        "ra": row["objra"],
        "dec": row["objdec"],
        "filter": row["filterid"],
        "field": row["fieldid"],
        "ccd": ccd,
        "quad": quad,
        "rc": rc,
        "matchid": objectid % 10**8,
        "nobs": row["nepochs"],
        "refchi": 1.0,
        "refmag": float(np.median(mag)) if n else None,
        "refmagerr": 0.02,
        "refsharp": 0.0,
        "vonneumannratio": 1.0,
        "iqr": 0.05,
        "coordinates": coordinates(row["objra"], row["objdec"]),
        "data": data,
    }


def _rows(table: pa.Table) -> Iterator[Document]:
    """Yield rows with lists as arrays."""
    scalars = [field.name for field in table.schema if not pa.types.is_list(field.type)]
    lists = [field.name for field in table.schema if pa.types.is_list(field.type)]
    columns = {name: table.column(name).to_pylist() for name in scalars}
    values = {name: table.column(name).combine_chunks() for name in lists}
    for index in range(table.num_rows):
        row = {name: column[index] for name, column in columns.items()}
        for name, column in values.items():
            row[name] = np.asarray(column[index].values)
        yield row


def _sexagesimal(value: float, decimals: int) -> str:
    sign = "-" if value < 0 else ""
    units = round(abs(value) * 3600 * 10**decimals)
    whole, part = divmod(units, 10**decimals)
    minutes, seconds = divmod(whole, 60)
    degrees, minutes = divmod(minutes, 60)
    digits = f"{part:0{decimals}d}".rstrip("0")
    return f"{sign}{degrees:02d}:{minutes:02d}:{seconds:02d}" + (f".{digits}" if digits else "")
