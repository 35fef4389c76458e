"""Which known minor planets are in a field: three providers.

skybot  the web service of IMCCE (Berthier et al. 2006, ASPC 351, 367)
pympc   offline, from a catalogue of orbits: ``pympc.update_catalogue()`` gets it once
table   positions that somebody has worked out: name, mjd, ra, dec (degrees), mag
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from scope.errors import ConfigError, InputError, ServiceError
from scope.tasks.stamps.images import DifferenceImage, separation_arcsec

PROVIDERS = ("skybot", "pympc", "table")

SKYBOT_URL = "https://vo.imcce.fr/webservices/skybot/skybotconesearch_query.php"
OBSERVATORY = "950"
"""La Palma, where GOTO is; another telescope sets `observatory`."""

PLACES: Mapping[str, tuple[float, float, float]] = {
    "950": (342.1176, 0.87764, 0.47847),
    "500": (0.0, 0.0, 0.0),
}
"""Code -> longitude (degrees), rho cos phi, rho sin phi, of the Minor Planet Center's list: pympc
downloads the whole list to look up a code."""

MOST_REQUESTS = 3
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 60.0
TRIES = 4

COLUMNS = ("name", "ra", "dec", "mag")

Provider = Callable[[DifferenceImage, float, float], pd.DataFrame]
"""Image, radius (deg), faint limit (mag) -> name, ra, dec (deg), mag."""

_SLOTS = threading.BoundedSemaphore(MOST_REQUESTS)


def open_provider(
    name: str,
    table: pd.DataFrame | None = None,
    *,
    url: str = SKYBOT_URL,
    observatory: str = OBSERVATORY,
    xephem_path: str | None = None,
) -> Provider:
    """Return a provider by its name.

    Raises
    ------
    ConfigError
        If there is none of that name, or the position table is missing.
    """
    if name == "skybot":
        return lambda image, radius, limit: query_skybot(
            image, radius, limit, url=url, observatory=observatory
        )
    if name == "pympc":
        return lambda image, radius, limit: query_pympc(
            image, radius, limit, observatory=observatory, xephem_path=xephem_path
        )
    if name == "table":
        if table is None:
            raise ConfigError(
                "provider of minor planets without its position table",
                value="table",
                todo="put minor_planets.csv into the folder of images, or give position_table",
            )
        positions = _by_name(table)
        return lambda image, radius, limit: positions_at(positions, image, radius, limit)
    raise ConfigError("provider of minor planets (mp_prov)", value=name, allowed=PROVIDERS)


def query_skybot(
    image: DifferenceImage,
    radius_deg: float,
    max_mag: float,
    *,
    url: str = SKYBOT_URL,
    observatory: str = OBSERVATORY,
) -> pd.DataFrame:
    """Ask SkyBoT for a cone, after a random pause and never more than three at a time.

    Raises
    ------
    ServiceError
        If it does not answer, or with what nobody can read, a few times.
    """
    import requests

    query = {
        "-ep": repr(image.mjd + 2400000.5),
        "-ra": repr(image.ra),
        "-dec": repr(image.dec),
        "-rd": repr(radius_deg),
        "-loc": observatory,
        "-output": "object",
        "-mime": "text",
    }
    said = ""
    with _SLOTS:
        for attempt in range(TRIES):
            time.sleep(random.uniform(0, PAUSE_SECONDS) * 2**attempt)
            try:
                answer = requests.get(url, params=query, timeout=TIMEOUT_SECONDS)
            except requests.RequestException as error:
                said = type(error).__name__
                continue
            if answer.status_code == 200:
                return parse_skybot(answer.text, max_mag)
            said = f"status {answer.status_code}"
            if 400 <= answer.status_code < 500 and answer.status_code != 429:
                break
    raise ServiceError(
        "SkyBoT that does not answer",
        value=f"{url}: {said}",
        todo="try again later with fewer processes, or use mp_prov='pympc' or 'table'",
    )


def parse_skybot(text: str, max_mag: float) -> pd.DataFrame:
    """Return the objects of an answer that are brighter than a limit.

    Raises
    ------
    ServiceError
        If the answer is none of SkyBoT.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    header = next((line for line in lines if "RA(h)" in line), None)
    if header is None:
        # "No table": nothing there, or a complaint.
        if any("Flag: 0" in line or "No solar system object" in line for line in lines):
            return pd.DataFrame(columns=list(COLUMNS))
        if len(lines) <= 4 and not any("Flag: -1" in line or "<" in line for line in lines):
            return pd.DataFrame(columns=list(COLUMNS))
        raise ServiceError(
            "answer of SkyBoT that cannot be read", value=(lines or [""])[0][:80], allowed="text"
        )
    names = [name.strip().lstrip("#").strip() for name in header.split("|")]
    after = lines[lines.index(header) + 1 :]
    rows = [
        [cell.strip() for cell in line.split("|")] for line in after if not line.startswith("#")
    ]
    try:
        if any(len(row) != len(names) for row in rows):
            raise ValueError("a row of another length")
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        table = pd.DataFrame(
            {
                "name": pd.Series(columns["Name"], dtype=str),
                "ra": np.array([15 * _sexagesimal(cell) for cell in columns["RA(h)"]]),
                "dec": np.array([_sexagesimal(cell) for cell in columns["DE(deg)"]]),
                "mag": np.array([float(cell) for cell in columns["Mv"]], dtype=np.float64),
            }
        )
    except (KeyError, ValueError) as error:
        raise ServiceError("answer of SkyBoT that cannot be read", value=str(error)) from error
    return table[table["mag"] < max_mag].reset_index(drop=True)


def _sexagesimal(cell: str) -> float:
    """Return hours or degrees of ``-12 34 05.2``, or of a plain number."""
    parts = [float(part) for part in cell.replace(":", " ").lstrip("+-").split()]
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"position {cell!r}")
    value = sum(part / 60**i for i, part in enumerate(parts))
    return -value if cell.lstrip().startswith("-") else value


def query_pympc(
    image: DifferenceImage,
    radius_deg: float,
    max_mag: float,
    *,
    observatory: str = OBSERVATORY,
    xephem_path: str | None = None,
) -> pd.DataFrame:
    """Return the minor planets of pympc's catalogue in a cone.

    Raises
    ------
    InputError
        If the catalogue has not been downloaded.
    """
    import pympc

    try:
        found: Any = pympc.minor_planet_check(
            image.ra,
            image.dec,
            image.mjd,
            3600 * radius_deg,
            xephem_filepath=xephem_path,
            max_mag=max_mag,
            include_major_bodies=False,
            observatory=PLACES.get(observatory, observatory),
            # Images are dealt out to processes; a pool in each would be too many.
            chunk_size=0,
        )
    except (FileNotFoundError, OSError) as error:
        raise InputError(
            "catalogue of minor planets that is not there",
            value=str(error).splitlines()[0],
            todo="run `import pympc; pympc.update_catalogue()` once, on a machine with internet",
        ) from error
    return pd.DataFrame(
        {
            "name": [str(name) for name in found["name"]],
            **{name: np.asarray(found[name], dtype=np.float64) for name in ("ra", "dec", "mag")},
        }
    )


def _by_name(table: pd.DataFrame) -> pd.DataFrame:
    """Return a position table sorted by object and epoch."""
    for name in ("mjd", "ra", "dec", "mag"):
        if not np.isfinite(pd.to_numeric(table[name], errors="coerce")).all():
            raise InputError(
                f"position table of minor planets with a value of {name} that is no number",
                allowed="numbers",
            )
    return table.sort_values(["name", "mjd"], kind="stable", ignore_index=True)


def positions_at(
    table: pd.DataFrame, image: DifferenceImage, radius_deg: float, max_mag: float
) -> pd.DataFrame:
    """Return the objects of a position table in a cone at the time of an image.

    Positions between two epochs of an object are interpolated along the straight line in
    right ascension and declination; beyond its first and last epoch it is nowhere.
    """
    names = table["name"].to_numpy()
    same = names[1:] == names[:-1] if len(table) else np.empty(0, dtype=bool)
    mjd = table["mjd"].to_numpy()
    first = np.flatnonzero(same & (mjd[:-1] <= image.mjd) & (image.mjd <= mjd[1:]))
    # An epoch that is met exactly would be the end of one step and the start of the next.
    _, once = np.unique(names[first].astype(str), return_index=True)
    first = first[np.sort(once)]
    step = mjd[first + 1] - mjd[first]
    part = np.where(step > 0, (image.mjd - mjd[first]) / np.where(step > 0, step, 1), 0.0)
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    turn = (ra[first + 1] - ra[first] + 180) % 360 - 180
    found = pd.DataFrame(
        {
            "name": names[first],
            "ra": (ra[first] + part * turn) % 360,
            "dec": dec[first] + part * (dec[first + 1] - dec[first]),
            "mag": table["mag"].to_numpy()[first],
        }
    )
    near = separation_arcsec(image.ra, image.dec, found["ra"], found["dec"]) <= 3600 * radius_deg
    return found[near & (found["mag"].to_numpy() < max_mag)].reset_index(drop=True)
