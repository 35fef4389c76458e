"""Images named by the database ``gotophoto`` (PostgreSQL).

Settings are GOTOPHOTO_DB_NAME, _USER, _HOST and _PORT, GOTOPHOTO_WORKDIR and
GOTOPHOTO_STORAGEDIR of `.env` or the environment; the password is that of ``~/.pgpass``,
which the client library reads itself, so that it never passes through this program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd

from scope.errors import AccessError, ConfigError, InputError, ServiceError
from scope.tasks.stamps.glade import glade_galaxies
from scope.tasks.stamps.image_table import (
    CANDIDATE_COLUMNS,
    IMAGE_COLUMNS,
    LEAST_COADDS,
    MOST_ABS_DEC,
    QUALITY_BELOW,
    difference_image,
)
from scope.tasks.stamps.images import Candidate, DifferenceImage

NEEDED = ("GOTOPHOTO_DB_NAME", "GOTOPHOTO_DB_USER", "GOTOPHOTO_DB_HOST")
DEFAULT_PORT = "5432"
TIMEOUT_SECONDS = 20

_IMAGES = f"""
SELECT {", ".join(IMAGE_COLUMNS)} FROM image
WHERE image_type = 'DIFFERENCE' AND abs(dec_c) < %s AND quality < %s AND ncoadds >= %s
ORDER BY id LIMIT %s
"""
_EXPOSURES = """
SELECT filepath FROM image WHERE image_type = 'SCIENCE' AND relatedimage = %s ORDER BY id
"""
_CANDIDATES = f"""
SELECT {", ".join(f"c.{name} AS c_{name}" for name in CANDIDATE_COLUMNS)},
       {", ".join(f"i.{name}" for name in IMAGE_COLUMNS)}
FROM candidate c JOIN image i ON i.id = c.image_id
WHERE c.id = ANY(%s) AND i.ncoadds > 0 AND i.quality < %s
ORDER BY c.id
"""


class GotoPhoto:
    """The database, by its settings.

    Parameters
    ----------
    settings : mapping of str to str
        The keys of `.env`.

    Raises
    ------
    ConfigError
        If settings are missing.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        missing = [name for name in NEEDED if not settings.get(name)]
        if missing:
            raise ConfigError(
                "settings of the gotophoto database that are missing",
                value=", ".join(missing),
                todo="write them into the file .env (see .env.example), or name a folder of "
                "images instead",
            )
        self._settings = dict(settings)

    def images(self, n: int | None = None) -> list[DifferenceImage]:
        """Return the first `n` usable difference images by id, or all."""
        rows = self._query(_IMAGES, (MOST_ABS_DEC, QUALITY_BELOW, LEAST_COADDS, n))
        return [difference_image(row, self._path(row["filepath"])) for row in rows]

    def exposures(self, image: DifferenceImage) -> list[str]:
        """Return the FITS files of the exposures of an image."""
        return [self._path(row["filepath"]) for row in self._query(_EXPOSURES, (image.related,))]

    def candidates(self, ids: Sequence[int]) -> dict[int, Candidate]:
        """Return the detections of these ids that are in usable images."""
        found = {}
        for row in self._query(_CANDIDATES, (list(map(int, ids)), QUALITY_BELOW)):
            values = {name: float(row[f"c_{name}"]) for name in CANDIDATE_COLUMNS[2:]}
            number = int(row["c_id"])
            image = difference_image(row, self._path(row["filepath"]))
            found[number] = Candidate(number, image, values)
        return found

    def minor_planets(self) -> pd.DataFrame | None:
        """Return None: the database has no position table."""
        return None

    def galaxies(self, ra: float, dec: float, radius_deg: float) -> pd.DataFrame | None:
        """Return galaxies of GLADE, if CATSHTM_DIR says where it is."""
        folder = self._settings.get("CATSHTM_DIR")
        return glade_galaxies(folder, ra, dec, radius_deg) if folder else None

    def record(self) -> dict[str, str]:
        """Return which database it is, and where its files and galaxies lie."""
        named = (*NEEDED, "GOTOPHOTO_DB_PORT", "GOTOPHOTO_STORAGEDIR", "CATSHTM_DIR")
        return {name: self._settings.get(name, "") for name in named}

    def _path(self, path: str) -> str:
        """Return where a file lies that the database names where it was reduced."""
        work = self._settings.get("GOTOPHOTO_WORKDIR")
        store = self._settings.get("GOTOPHOTO_STORAGEDIR")
        if not (work and store):
            return path
        return path.replace(work, store).replace("reduced", "final")

    def _query(self, text: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        import psycopg
        from psycopg.rows import dict_row

        with self._connection() as connection:
            try:
                with connection.cursor(row_factory=dict_row) as cursor:
                    return list(cursor.execute(text.encode(), values).fetchall())
            except psycopg.errors.UndefinedTable as error:
                raise InputError(
                    f"database {self._settings['GOTOPHOTO_DB_NAME']} without a table",
                    value=_first_line(error),
                    allowed="the tables image and candidate of gotophoto",
                    todo="check GOTOPHOTO_DB_NAME in .env",
                ) from error
            except psycopg.errors.UndefinedColumn as error:
                raise InputError(
                    "table of the database without a column", value=_first_line(error)
                ) from error
            except psycopg.Error as error:
                raise ServiceError(
                    "database that did not answer", value=_first_line(error)
                ) from error

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        import psycopg

        settings = self._settings
        where = f"{settings['GOTOPHOTO_DB_HOST']}:{settings.get('GOTOPHOTO_DB_PORT')}"
        try:
            connection = psycopg.connect(
                dbname=settings["GOTOPHOTO_DB_NAME"],
                user=settings["GOTOPHOTO_DB_USER"],
                host=settings["GOTOPHOTO_DB_HOST"],
                port=settings.get("GOTOPHOTO_DB_PORT") or DEFAULT_PORT,
                connect_timeout=TIMEOUT_SECONDS,
                # Unsorted tables come in an order of the server's choosing.
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            raise _refused(error, where, settings) from error
        with connection:
            yield connection


def _refused(error: Exception, where: str, settings: Mapping[str, str]) -> ServiceError:
    said = _first_line(error)
    entry = (
        f"{settings['GOTOPHOTO_DB_HOST']}:{settings.get('GOTOPHOTO_DB_PORT') or DEFAULT_PORT}:"
        f"{settings['GOTOPHOTO_DB_NAME']}:{settings['GOTOPHOTO_DB_USER']}:<password>"
    )
    if "password" in said:
        return AccessError(
            "gotophoto database that does not let us in",
            value=said,
            todo=f"check that ~/.pgpass has the line {entry} and is readable by you alone "
            "(chmod 600 ~/.pgpass)",
        )
    return ServiceError(
        f"gotophoto database at {where} that cannot be reached",
        value=said,
        todo="check GOTOPHOTO_DB_HOST, GOTOPHOTO_DB_PORT and GOTOPHOTO_DB_NAME in .env",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
