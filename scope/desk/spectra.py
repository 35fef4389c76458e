"""Spectra on the desk: those of a loop of questions, and those that an ensemble has scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.desk.pictures import OBJECT, Pictures
from scope.errors import InputError, NotFoundError
from scope.io import read_metadata, read_table
from scope.models.spectra.wavelength_grid import REST_ANGSTROM, Grid, find_grid
from scope.tasks.spectra.loop import CLASSES, proposed_redshift
from scope.tasks.spectra.spectrum_files import read_spectra, tree_files

TASK = "spectra"
SUMMARY = "qnet_ensemble_summary.parquet"
LABELS = {"STAR": "star", "GALAXY": "galaxy", "QSO_LZ": "quasar, low z", "QSO_HZ": "quasar, high z"}
KEYS = {"STAR": "a", "GALAXY": "g", "QSO_LZ": "q", "QSO_HZ": "h"}
QUASAR_FROM = 0.2
"""Probability of a quasar from which a redshift is proposed."""

UNCERTAINTIES = (
    *("entropy", "member_entropy", "mutual_information", "vote_entropy", "margin", "spread"),
    "n_members",
)

Floats = npt.NDArray[np.floating]


def find_spectra(folder: Path, archive: str | Path | None = None) -> PoolSpectra | Scored | None:
    """Return the spectra of a folder: a loop of questions, its results, or an ensemble's tables."""
    for place in (folder, folder / "active" / "spectra"):
        if (place / "pool" / "x.npy").is_file():
            return PoolSpectra(place)
    return Scored(folder, archive) if (folder / SUMMARY).is_file() else None


class PoolSpectra(Pictures):
    """Spectra that a loop asks about, with what the members of its last round say.

    Parameters
    ----------
    folder : path
        ``results/active/spectra``: ``pool`` and the rounds.
    """

    task, noun, name = TASK, "spectra", TASK
    classes, keys = LABELS, KEYS
    first = (
        *(OBJECT, "class", "class_p", "entropy", "mutual_information", "rank", "asked_for"),
        *("tileid", "expid", "reason"),
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pool = folder / "pool" / "pool.parquet"
        scored = [one for one in folder.glob("[0-9]*/scores.parquet") if one.parent.name.isdigit()]
        self._scores = max(scored, key=lambda one: int(one.parent.name), default=None)
        self.round = 0 if self._scores is None else int(self._scores.parent.name)
        asked = None if self._scores is None else self._scores.with_name("queries.parquet")
        self._queries = asked if asked is not None and asked.is_file() else None
        self.inputs = [one for one in (self._pool, self._scores, self._queries) if one is not None]
        self.options: dict[str, Any] = {}
        self.grid = find_grid(str(read_metadata(self._pool).get("grid", "log")))
        self._x = np.load(folder / "pool" / "x.npy", mmap_mode="r")

    def rows(self) -> pa.Table:
        """Return the spectra of the pool, in its order, which is that of the scores."""
        pool = read_table(self._pool)
        columns: dict[str, Any] = {OBJECT: pool[OBJECT].cast(pa.string())}
        if self._scores is not None:
            scores = read_table(self._scores)
            columns |= believed(_probabilities(scores, CLASSES))
            columns |= {name: scores[name] for name in UNCERTAINTIES if name in scores.column_names}
        columns |= self._asked(len(pool))
        for name in ("tileid", "expid", "flags", "cell"):
            if name in pool.column_names:
                columns[name] = pool[name]
        words = ["data_missing" if one else None for one in pool["missing"].to_pylist()]
        columns["reason"] = pa.array(words, pa.string())
        return pa.table(columns)

    def _asked(self, n: int) -> dict[str, pa.Array]:
        """Return the rank and reason of the rows that people are asked about."""
        if self._queries is None:
            return {}
        queries = read_table(self._queries).to_pydict()
        rank: list[int | None] = [None] * n
        why: list[str | None] = [None] * n
        for row, place, reason in zip(
            queries["row"], queries["rank"], queries["reason"], strict=True
        ):
            rank[row], why[row] = int(place), str(reason)
        return {"rank": pa.array(rank, pa.int32()), "asked_for": pa.array(why, pa.string())}

    def describe(self, row: Mapping[str, Any], scale: str) -> dict[str, Any]:
        """Return a spectrum, with lines where its strongest emission puts them."""
        x = np.asarray(self._x[int(row["row"])], dtype=np.float64)
        chances = {tag: float(row[f"p_{tag}"] or 0) for tag in CLASSES if f"p_{tag}" in row}
        wave = self.grid.wavelength(np.arange(len(x)), half_bin=True)
        low, high = chances.get("QSO_LZ", 0.0), chances.get("QSO_HZ", 0.0)
        # Of a star, the strongest flux above the median is no line of a quasar.
        quasar = not chances or low + high > QUASAR_FROM
        z = proposed_redshift(x, wave, high > low) if quasar else None
        words = [f"Row {row['row']} of the pool {self.folder}."]
        if self._scores is not None:
            words.append(f"Probabilities are of round {self.round}.")
        how = "where the lines of quasars lie on the most flux above its median; no measurement"
        return {
            "spectrum": spectrum(x, self.grid, z, how),
            "classes": [{"tag": tag, "label": LABELS[tag], "p": p} for tag, p in chances.items()],
            "provenance": words,
        }


class Scored(Pictures):
    """Spectra that an ensemble of QuasarNET has scored.

    Parameters
    ----------
    folder : path
        With ``qnet_ensemble_summary.parquet``.
    archive : path, optional
        The spectra: a tree ``tile/exposure/coadd-*.fits``, or a file.
    """

    task, noun, name = TASK, "spectra", "qnet_ensemble"
    classes, keys = LABELS, KEYS
    first = (
        *(OBJECT, "class", "class_p", "z", "entropy", "mutual_information", "tileid", "expid"),
        "reason",
    )

    def __init__(self, folder: Path, archive: str | Path | None = None) -> None:
        self.folder, self.inputs = folder, [folder / SUMMARY]
        self.options: dict[str, Any] = {}
        self._archive = None if archive is None else Path(archive)
        self.grid = find_grid(str(read_metadata(self.inputs[0]).get("grid", "log")))

    def rows(self) -> pa.Table:
        """Return the rows of the summary; a spectrum without scores has a reason."""
        table = read_table(self.inputs[0])
        tags = [name[2:] for name in table.column_names if name.startswith("P_")]
        columns: dict[str, Any] = {OBJECT: table["TARGETID"].cast(pa.string())}
        columns |= believed({tag: _numbers(table[f"P_{tag}"]) for tag in tags})
        for name in table.column_names:
            if not name.startswith(("P_", "C_")) and name != "ROW":
                columns[name.lower()] = table[name]
        words = ["unusable" if n == 0 else None for n in table["N_MEMBERS"].to_pylist()]
        columns["reason"] = pa.array(words, pa.string())
        return pa.table(columns)

    def describe(self, row: Mapping[str, Any], scale: str) -> dict[str, Any]:
        """Return a spectrum, with lines at the middle redshift of the members."""
        tags = [name[2:] for name in row if name.startswith("p_")]
        facts: dict[str, Any] = {
            "classes": [
                {"tag": tag, "label": tag, "p": float(row[f"p_{tag}"])}
                for tag in tags
                if row[f"p_{tag}"] is not None
            ],
            "provenance": [f"Exposure {row['expid']} of tile {row['tileid']}, of {SUMMARY}."],
        }
        try:
            x = self._read(row)
        except (NotFoundError, InputError) as error:
            return {**facts, "why": str(error)}
        z = row.get("z_centre")
        how = "the middle one of the members' redshifts"
        chances = {one["tag"]: one["p"] for one in facts["classes"]}
        quasar = sum(p for tag, p in chances.items() if "QSO" in tag) > QUASAR_FROM
        z = float(z) if quasar and z is not None and np.isfinite(z) else None
        return {**facts, "spectrum": spectrum(x, self.grid, z, how)}

    def _read(self, row: Mapping[str, Any]) -> Floats:
        if self._archive is None:
            raise NotFoundError("no spectra", todo="name their folder with --archive")
        here = (int(row["tileid"]), int(row["expid"]))
        one_file = self._archive.is_file()
        files = (
            [self._archive]
            if one_file
            else [
                path
                for tile, exposure, path in tree_files(self._archive)
                if here == (tile, exposure)
            ]
        )
        wanted = int(row[OBJECT])
        for path in files:
            for part in read_spectra(path, self.grid):
                found = np.flatnonzero(part.targetid == wanted)
                if len(found):
                    return np.asarray(part.x[found[0]], dtype=np.float64)
        raise NotFoundError("no such spectrum", value=f"{wanted} in {self._archive}")


def spectrum(x: Floats, grid: Grid, z: float | None, how: str) -> dict[str, Any]:
    """Return a spectrum as the page draws it.

    Parameters
    ----------
    x : (bins,) array
        Flux, normalised.
    z : float or None
        Proposed redshift.
    how : str
        Where that is from.
    """
    wave = grid.wavelength(np.arange(len(x)), half_bin=True)
    lines = [{"name": name.partition("(")[0], "rest": rest} for name, rest in REST_ANGSTROM.items()]
    flux = [round(float(value), 5) if np.isfinite(value) else None for value in x]
    return {
        "wavelength": [round(float(value), 2) for value in wave],
        "flux": flux,
        "z": z,
        "how": how,
        "lines": lines,
    }


def believed(p: Mapping[str, Floats]) -> dict[str, pa.Array]:
    """Return the most probable class, its probability and that of each, null where unknown.

    `p`: of each class (n,) float.
    """
    tags = list(p)
    values = np.stack([np.asarray(p[tag], dtype=np.float64) for tag in tags])
    known = np.asarray(np.isfinite(values).all(axis=0))
    place = np.where(np.isfinite(values), values, -1).argmax(axis=0)
    words = [tags[k] if there else None for k, there in zip(place, known.tolist(), strict=True)]
    best = np.where(known, values[place, np.arange(values.shape[1])], np.nan)
    found = {
        "class": pa.array(words, pa.string()),
        "class_p": pa.array(best.astype(np.float32), from_pandas=True),
    }
    each = {
        f"p_{tag}": pa.array(v.astype(np.float32), from_pandas=True)
        for tag, v in zip(tags, values, strict=True)
    }
    return found | each


def _probabilities(scores: pa.Table, classes: Sequence[str]) -> dict[str, Floats]:
    """Return what a round says of each class: calibrated where it could be."""
    names = scores.column_names
    kind = "calibrated" if f"calibrated_{classes[0]}" in names else "mean"
    said = _numbers(scores["n_members"]) > 0
    return {tag: np.where(said, _numbers(scores[f"{kind}_{tag}"]), np.nan) for tag in classes}


def _numbers(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
