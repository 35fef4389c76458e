"""Small folders of light curves in layouts of other surveys, and how each is described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

RUBIN_BANDS = "ugrizy"
FIRST_MJD = 60676.0
NJY_OF_AB_ZERO = 3631e9

RUBIN: dict[str, Any] = {
    "layout": "nested",
    "points": "lightcurve",
    "columns": {
        "id": "objectId",
        "ra": "coord_ra",
        "dec": "coord_dec",
        "time": "midpointMjdTai",
        "brightness": "psfFlux",
        "error": "psfFluxErr",
        "band": "band",
        "flags": "psfFlux_flag",
    },
    "time": {"system": "mjd", "scale": "tai"},
    "unit": "nJy",
    "release": "DP1",
}
"""One row for each object, the points of all bands in one list, fluxes in nJy, MJD in TAI."""

FLAT: dict[str, Any] = {
    "files": "*.csv",
    "layout": "flat",
    "columns": {
        "id": "name",
        "ra": "ra_deg",
        "dec": "dec_deg",
        "time": "HJD",
        "brightness": "mag",
        "error": "mag_err",
        "band": "Filter",
    },
    "ids": "name",
    "bands": {"V": "V", "g'": "g", "unfiltered": None},
    "time": {"system": "hjd"},
}
"""One row for each epoch, sorted by object, in CSV, with names of objects and dates in HJD."""

LABELLED: dict[str, Any] = {
    "files": "lightcurves.parquet",
    "layout": "nested",
    "columns": {
        "id": "objectid",
        "ra": "objra",
        "dec": "objdec",
        "time": "hmjd",
        "brightness": "mag",
        "error": "magerr",
        "band": "filterid",
        "flags": "catflags",
    },
    "ids": "light_curve",
    "bands": {"1": "g", "2": "r", "3": "i"},
    "time": {"system": "hmjd"},
}
"""One row for each light curve, a column of lists for each quantity, magnitudes."""


def curve(number: int, band: int, epochs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times [d], magnitudes and errors of a sinusoid in the band of a number; all differ."""
    random = np.random.default_rng([number, band])
    time = FIRST_MJD + np.sort(random.uniform(0, 400, epochs))
    mag = 18 + 0.1 * band + 0.3 * np.sin(2 * np.pi * time / (0.8 + 0.1 * number))
    return time, mag + random.normal(0, 0.02, epochs), np.full(epochs, 0.02)


def write_rubin(folder: Path, objects: int = 3, epochs: int = 60, *, files: int = 1) -> Path:
    """Objects in six bands; in each band the first flux is negative and the second is flagged."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(objects):
        points = []
        for band, name in enumerate(RUBIN_BANDS):
            time, mag, error = curve(number, band, epochs)
            flux = NJY_OF_AB_ZERO * 10 ** (-0.4 * mag)
            flux[0] = -5.0
            points += [
                {
                    "midpointMjdTai": t,
                    "psfFlux": f,
                    "psfFluxErr": abs(f) * e * np.log(10) / 2.5,
                    "band": name,
                    "psfFlux_flag": epoch == 1,
                }
                for epoch, (t, f, e) in enumerate(zip(time, flux, error, strict=True))
            ]
        # as a visit by visit table has them: bands in turns
        points.sort(key=lambda point: point["midpointMjdTai"])
        rows.append(
            {
                "objectId": 600000000000000000 + number,
                "coord_ra": 53.0 + 0.01 * number,
                "coord_dec": -28.0,
                "lightcurve": points,
            }
        )
    for part in range(files):
        table = pa.Table.from_pylist(rows[part::files])
        pq.write_table(table, folder / f"tract_{part}.parquet")
    return folder


def write_flat(folder: Path, objects: int = 2, epochs: int = 60) -> Path:
    """Objects in V and g', sorted by object, with a comment above and unfiltered points below."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# as downloaded", "name,ra_deg,dec_deg,HJD,mag,mag_err,Filter"]
    for number in range(objects):
        for band, name in enumerate(("V", "g'", "unfiltered")):
            for t, m, e in zip(*curve(number, band, epochs), strict=True):
                place = f"{200 + 0.01 * number:.5f},{-10.5:.5f}"
                lines.append(f"ASASSN-V J{number},{place},{t + 2400000.5:.6f},{m:.4f},{e},{name}")
    (folder / "curves.csv").write_text("\n".join(lines) + "\n")
    return folder


def write_labelled(folder: Path, stars: int = 2, epochs: int = 60) -> Path:
    """Stars in g, r and i with ids of no scheme, in the columns of the labelled sets."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [(star, band) for star in range(stars) for band in (1, 2, 3)]
    curves = [curve(star, band, epochs) for star, band in pairs]
    n = len(pairs)
    table = pa.table(
        {
            "objectid": pa.array([7 * star + band for star, band in pairs], pa.int64()),
            "filterid": pa.array([band for _, band in pairs], pa.int8()),
            "fieldid": pa.array([-1] * n, pa.int16()),
            "rcid": pa.array([-1] * n, pa.int8()),
            "objra": pa.array([150 + 0.01 * star for star, _ in pairs]),
            "objdec": pa.array([2.0] * n),
            "nepochs": pa.array([epochs] * n, pa.int64()),
            "hmjd": pa.array([list(c[0]) for c in curves], pa.list_(pa.float64())),
            "mag": pa.array([list(c[1]) for c in curves], pa.list_(pa.float32())),
            "magerr": pa.array([list(c[2]) for c in curves], pa.list_(pa.float32())),
            "catflags": pa.array([[0] * epochs] * n, pa.list_(pa.int32())),
        }
    )
    pq.write_table(table, folder / "lightcurves.parquet")
    return folder
