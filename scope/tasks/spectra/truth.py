"""What people have said of spectra: truth tables of BOSS and DESI."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import DuplicateIdError, InputError
from scope.schema import require_columns
from scope.tasks.spectra.spectrum_files import opened

CLASSES = ("STAR", "GALAXY", "QSO_LZ", "QSO_HZ", "BAD")
"""Classes of a truth table; quasars from z = 2.1 on are the Lyman-alpha forest's."""

Z_LIMIT = 2.1
SUPERSET = (
    *("THING_ID", "Z_VI", "PLATE", "MJD", "FIBERID"),
    *("CLASS_PERSON", "Z_CONF_PERSON", "BAL_FLAG_VI", "BI_CIV"),
)
VISUAL = ("TARGETID", "VI_Z", "VI_QUALITY", "VI_CLASS")
SECURE_QUALITY = 2.5
_BOSS_CLASSES = {1: "STAR", 3: "QSO", 30: "QSO", 4: "GALAXY"}


@dataclass(frozen=True)
class Truth:
    """Truth of n objects, in the order of their ids.

    Attributes
    ----------
    ids : (n,) int64
    label : (n,) str
        Of `CLASSES`; BAD where it is not sure.
    z : (n,) float64
    bal : (n,) int8
        1: broad absorption lines; -1: none; 0: nobody knows.
    """

    ids: npt.NDArray[np.int64]
    label: npt.NDArray[np.str_]
    z: npt.NDArray[np.float64]
    bal: npt.NDArray[np.int8]

    def rows(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the row of each id, -1 where there is none.

        `ids` and the result: (n,) int64.
        """
        if not len(self.ids):
            return np.full(len(ids), -1)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[place] == ids, place, -1)


def read_truth(path: str | Path) -> Truth:
    """Read a superset table (FITS) or a table of visual inspections (CSV, Parquet or FITS).

    Raises
    ------
    MissingColumnError
        If it lacks a needed column.
    DuplicateIdError
        If an id stands twice with different truths.
    """
    path = Path(path)
    table = _table(path)
    boss = "THING_ID" in table and "TARGETID" not in table
    require_columns(list(table), SUPERSET if boss else VISUAL, f" in {path}")
    return _unique(_from_boss(table, path) if boss else _from_desi(table, path), path)


def _table(path: Path) -> dict[str, Any]:
    if path.suffix.lower() in (".fits", ".fit", ".gz"):
        with opened(path) as file:
            found = [hdu for hdu in file if getattr(hdu, "columns", None) is not None]
            if not found:
                raise InputError("truth table without a table", value=str(path))
            data = found[0].data
            return {name.upper(): np.array(data[name]) for name in data.names}
    from scope.io.user_tables import read_user_table

    frame = read_user_table(path, known=VISUAL, ids=("TARGETID",))
    return {str(name): frame[name] for name in frame.columns}


def _from_boss(table: dict[str, Any], path: Path) -> Truth:
    kind = np.asarray(table["CLASS_PERSON"], dtype=np.int64)
    sure = np.asarray(table["Z_CONF_PERSON"]) == 3
    name = np.array([_BOSS_CLASSES.get(int(one), "BAD") for one in kind])
    flag = np.asarray(table["BAL_FLAG_VI"]) > 0
    index = np.asarray(table["BI_CIV"], dtype=np.float64)
    bal = (flag & (index > 0)).astype(np.int8) - (~flag & (index == 0)).astype(np.int8)
    ids = np.asarray(table["THING_ID"], dtype=np.int64)
    known = ids > 0
    z = np.asarray(table["Z_VI"], dtype=np.float64)
    label = _labels(name, z, sure)
    return Truth(ids[known], label[known], z[known], bal[known])


def _from_desi(table: dict[str, Any], path: Path) -> Truth:
    from scope.io.values import exact_ids, exact_names, exact_numbers

    ids = exact_ids(table["TARGETID"], "TARGETID", path)
    if ids.isna().any():
        raise InputError(f"row of {path} without TARGETID", value=int(np.argmax(ids.isna())) + 1)
    z = exact_numbers(table["VI_Z"], "VI_Z", path)
    sure = exact_numbers(table["VI_QUALITY"], "VI_QUALITY", path) >= SECURE_QUALITY
    name = np.array(
        [(one or "").upper() for one in exact_names(table["VI_CLASS"], "VI_CLASS", path)]
    )
    bal = np.zeros(len(z), dtype=np.int8)
    if "BAL" in table:
        bal = np.sign(exact_numbers(table["BAL"], "BAL", path)).astype(np.int8)
    return Truth(ids.to_numpy(dtype=np.int64), _labels(name, z, sure), z, bal)


def _labels(name: Any, z: Any, sure: Any) -> npt.NDArray[np.str_]:
    """Return classes; what is no class, or a quasar without a redshift, is BAD."""
    name = np.where(np.char.startswith(name.astype(str), "QSO"), "QSO", name)
    quasar = np.where(z >= Z_LIMIT, "QSO_HZ", "QSO_LZ")
    label = np.where(name == "QSO", quasar, name)
    good = sure & np.isin(label, CLASSES) & ((name != "QSO") | np.isfinite(z))
    return np.where(good, label, "BAD").astype(str)


def _unique(truth: Truth, path: Path) -> Truth:
    order = np.argsort(truth.ids, kind="stable")
    ids, label, z = truth.ids[order], truth.label[order], truth.z[order]
    again = np.flatnonzero(ids[1:] == ids[:-1])
    close = np.isclose(z[again], z[again + 1], equal_nan=True, rtol=0, atol=1e-6)
    if len(wrong := again[(label[again] != label[again + 1]) | ~close]):
        at = wrong[0]
        raise DuplicateIdError(
            f"id twice in {path} with different truths",
            value=f"{ids[at]}: {label[at]} {z[at]:g}, {label[at + 1]} {z[at + 1]:g}",
            allowed="one truth for an object",
            todo="settle it, and leave one row",
        )
    first = np.append(True, ids[1:] != ids[:-1]) if len(ids) else np.zeros(0, bool)
    return Truth(ids[first], label[first], z[first], truth.bal[order][first])


def join_truths(truths: list[Truth]) -> Truth:
    """Join truth tables; DuplicateIdError where they contradict each other."""
    parts = [np.concatenate([getattr(t, name) for t in truths]) for name in Truth.__annotations__]
    return _unique(Truth(*parts), Path(", ".join(["truth tables"])))
