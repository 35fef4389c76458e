"""Alert packets in Avro: their stamps, and what else is needed of them.

Packets of ZTF (schemas 3.3 to 4.02) and of surveys that follow it (Palomar Gattini-IR: 61x61
pixels; WINTER: 81x81) are told by the fields they have.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import CorruptFileError, InputError, NotFoundError
from scope.tasks.stamps.normalise import padded

LAYERS = ("science", "template", "difference")
MOST_PIXELS = 512
MOST_BYTES = 64 << 20
"""Of a packet, and of an unpacked stamp."""

NOMINAL: Mapping[str, int] = {"ztf": 63, "pgir": 61, "winter": 81}
"""Survey -> side of a whole stamp (px); smaller ones were cut by the edge of the image."""

MARKS: Mapping[str, tuple[str, ...]] = {
    "ztf": ("ztf",),
    "pgir": ("pgir", "gattini"),
    "winter": ("wntr", "winter"),
}
"""What a schema or publisher calls itself."""

NEEDED = ("candid", "jd", "ra", "dec")


@dataclass(frozen=True)
class Alert:
    """One packet.

    Attributes
    ----------
    candid : int
    object_id : str
    survey : str
        Of `NOMINAL`; ``other`` if it is none of them.
    values : mapping of str to float
        jd, ra, dec (degrees), fid, mag, rb, drb, ssdistnr (arcsec); NaN where it has none.
    drb_version : str or None
    stamps : list of 3 (rows, columns) float64, or None
        Science, template, difference; None where one is missing or broken.
    reason : str or None
        Why there are none.
    """

    candid: int
    object_id: str
    survey: str
    values: Mapping[str, float]
    drb_version: str | None
    stamps: list[npt.NDArray[np.float64]] | None
    reason: str | None

    def square(self, pad: float) -> npt.NDArray[np.float64]:
        """Return the stamps as one array of the survey's whole size.

        Parameters
        ----------
        pad : float
            Put right and below where the edge of the image cut a stamp.

        Returns
        -------
        (size, size, 3) float64
            Science, template, difference.
        """
        assert self.stamps is not None
        largest = max(max(stamp.shape) for stamp in self.stamps)
        size = NOMINAL.get(self.survey, largest)
        return padded(list(self.stamps), max(size, largest), pad)


def read_alerts(path: str | Path) -> Iterator[Alert]:
    """Yield the packets of a file, a tar archive or a folder of them, one at a time.

    Raises
    ------
    NotFoundError, CorruptFileError, InputError
        Of the first file that is none; its name is told.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(item for item in path.rglob("*.avro") if item.is_file())
        if not files:
            raise NotFoundError("no alert packets", value=str(path), allowed="files *.avro")
        for file in files:
            yield from read_packet(file.read_bytes(), str(file))
    elif path.name.endswith((".tar", ".tar.gz", ".tgz")):
        yield from _from_tar(path)
    else:
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("no such alert packets", value=str(path)) from error
        yield from read_packet(content, str(path))


def _from_tar(path: Path) -> Iterator[Alert]:
    """Yield the packets of an archive in its order; nothing is unpacked to the disk."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for item in archive:
                if not item.isfile() or not item.name.endswith(".avro"):
                    continue
                if item.size > MOST_BYTES:
                    raise CorruptFileError(
                        "packet that is too large", value=f"{path}: {item.name}: {item.size} bytes"
                    )
                file = archive.extractfile(item)
                assert file is not None
                yield from read_packet(file.read(), f"{path}: {item.name}")
    except FileNotFoundError as error:
        raise NotFoundError("no such alert packets", value=str(path)) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise CorruptFileError(
            "archive that cannot be read, or not whole", value=f"{path}: {error}".splitlines()[0]
        ) from error


def read_packet(content: bytes, where: str) -> Iterator[Alert]:
    """Yield the alerts of one Avro file.

    Raises
    ------
    CorruptFileError
        If it is no whole Avro file.
    InputError
        If its schema is of something else.
    """
    import fastavro

    try:
        reader = fastavro.reader(io.BytesIO(content))
        schema: Any = reader.writer_schema
    except Exception as error:
        # fastavro raises whatever a broken file leads to.
        raise _broken(where, error) from error
    names = _checked_fields(schema, where)
    while True:
        try:
            record: Any = next(reader)
        except StopIteration:
            return
        except Exception as error:
            raise _broken(where, error) from error
        yield _alert(record, names, schema, where)


def _broken(where: str, error: Exception) -> CorruptFileError:
    said = str(error).strip().splitlines()
    return CorruptFileError(
        "alert packets that cannot be read, or not whole",
        value=f"{where}: {said[0][:200] if said else type(error).__name__}",
        allowed="Avro files as ZTF sends them",
    )


def _checked_fields(schema: Any, where: str) -> dict[str, str]:
    """Return what this schema calls the stamps and the id; its spelling differs by survey."""
    fields = [f["name"] for f in schema.get("fields", [])] if isinstance(schema, dict) else []
    by_plain = {name.lower().replace("_", ""): name for name in fields}
    wanted = ["objectid", "candidate", *(f"cutout{layer}" for layer in LAYERS)]
    if missing := [name for name in wanted if name not in by_plain]:
        raise InputError(
            f"Avro file {where} of another schema",
            value=f"{schema.get('name', 'unnamed') if isinstance(schema, dict) else schema}, "
            f"without {', '.join(missing)}",
            allowed="alert packets with objectId, candidate, cutoutScience, cutoutTemplate, "
            "cutoutDifference",
        )
    return by_plain


def _alert(record: Mapping[str, Any], names: Mapping[str, str], schema: Any, where: str) -> Alert:
    candidate = record[names["candidate"]]
    if not isinstance(candidate, Mapping):
        raise InputError(f"alert of {where} without a candidate", value=type(candidate).__name__)
    known = {**{name: record.get(name) for name in ("candid", "jd", "ra", "dec")}, **candidate}
    if missing := [name for name in NEEDED if known.get(name) is None]:
        raise InputError(f"alert of {where} without values", value=", ".join(missing))
    stamps, reason = _stamps(record, names)
    version = known.get("drbversion")
    return Alert(
        candid=int(known["candid"]),
        object_id=str(record[names["objectid"]]),
        survey=_survey(schema, record, stamps),
        values={
            "jd": float(known["jd"]),
            "ra": float(known["ra"]) % 360,
            "dec": float(known["dec"]),
            "fid": _number(known.get("fid")),
            "mag": _number(known.get("magpsf")),
            "rb": _number(known.get("rb")),
            "drb": _number(known.get("drb")),
            "ssdistnr": _distance(known.get("ssdistnr")),
        },
        drb_version=None if version is None else str(version),
        stamps=stamps,
        reason=reason,
    )


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _distance(value: Any) -> float:
    """Return a distance; ZTF writes -999 for none."""
    number = _number(value)
    return number if number >= 0 else float("nan")


def _survey(schema: Any, record: Mapping[str, Any], stamps: Any) -> str:
    said = f"{schema.get('name', '')} {schema.get('namespace', '')} {record.get('publisher', '')}"
    for name, marks in MARKS.items():
        if any(mark in said.lower() for mark in marks):
            return name
    sides = {stamp.shape for stamp in stamps or ()}
    return next((name for name, side in NOMINAL.items() if sides == {(side, side)}), "other")


def _stamps(
    record: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[list[npt.NDArray[np.float64]] | None, str | None]:
    found = []
    for layer in LAYERS:
        cell = record[names[f"cutout{layer}"]]
        content = cell.get("stampData") if isinstance(cell, Mapping) else cell
        if not content:
            return None, "no_stamps"
        image = read_stamp(bytes(content))
        if image is None:
            return None, "broken_stamp"
        found.append(image)
    return found, None


def read_stamp(content: bytes) -> npt.NDArray[np.float64] | None:
    """Return the pixels of a stamp, a FITS file that may be packed; None if it is broken.

    (rows, columns) float64.
    """
    import warnings

    from astropy.io import fits

    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(MOST_BYTES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(content), memmap=False) as hdus:
                data = next(hdu.data for hdu in hdus if hdu.data is not None)
    except (OSError, EOFError, ValueError, TypeError, KeyError, StopIteration, IndexError):
        return None
    image = np.asarray(data, dtype=np.float64)
    if image.ndim != 2 or not image.size or max(image.shape) > MOST_PIXELS:
        return None
    return np.where(np.isinf(image), np.nan, image)
