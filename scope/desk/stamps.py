"""Image stamps on the desk: labelled sets, with a model's scores, and nights of alerts."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.desk.pictures import OBJECT, Pictures
from scope.errors import ConfigError, InputError, NotFoundError
from scope.io import read_table
from scope.tasks.stamps.alerts import LAYERS as ALERT_LAYERS
from scope.tasks.stamps.alerts import Alert, read_alerts
from scope.tasks.stamps.sets import LABELS_FILE, STAMPS_FILE, open_set
from scope.tasks.stamps.stamp_pictures import SCALES, stamp_jpeg
from scope.tasks.stamps.votes import TASK, VOTES

META_FILE = "meta.hkl"
REAL_FROM = 0.5
"""Scores from here on are shown as real."""

GRADED = ("score", "realbogus", "cnn_realbogus")
CLASSES = {label: label for label, _ in VOTES.values()}
KEYS = {label: key for key, (label, _) in VOTES.items()}
LAYER_WORDS = {
    "ptp": "exposures: peak to peak",
    "min": "exposures: lowest",
    "max": "exposures: highest",
}
SET_COLUMNS = (
    *("image_id", "x", "y", "ra", "dec", "mag", "fwhm", "realbogus", "ut", "ncoadd"),
    *("label", "metalabel"),
)


def find_stamps(folder: Path, archive: str | Path | None = None) -> StampSet | AlertNights | None:
    """Return the stamps of a folder: a model, a labelled set, or results with nights of alerts."""
    if (folder / META_FILE).is_file() or (folder / LABELS_FILE).is_file():
        return StampSet(folder)
    nights = sorted((folder / "stamps").glob("[!.]*.parquet"))
    return AlertNights(folder, nights, archive) if nights else None


class StampSet(Pictures):
    """A labelled set, and what a model says of it.

    Parameters
    ----------
    folder : path
        Of a model, or of a set.
    label_class : int, optional
        Only rows with this label: 1, 0 or -1.
    hide_scores : bool
        Show nothing of what a model says, and ask in an order drawn at random.
    """

    task, noun = TASK, "detections"
    classes, keys, graded = CLASSES, KEYS, GRADED
    first = (
        *("class", "class_p", "score", "label", "metalabel", "mag", "ra", "dec", "realbogus"),
        "ut",
    )

    def __init__(
        self, folder: str | Path, label_class: int | None = None, hide_scores: bool = False
    ) -> None:
        if label_class not in (None, 1, 0, -1):
            raise ConfigError("label_class", value=label_class, allowed="1, 0, -1 or none")
        self._model, self.folder, prefix = _model_and_set(Path(folder))
        self.labels, self._stamps = open_set(self.folder, prefix)
        self._label_class, self._hide_scores = label_class, hide_scores
        parts = [self.folder.name, self._model.name if self._model and not hide_scores else "set"]
        self.name = "-".join(parts if label_class is None else [*parts, f"label{label_class}"])
        self.inputs = [self.folder / f"{prefix}{name}" for name in (LABELS_FILE, STAMPS_FILE)]
        if self._model is not None:
            self.inputs.append(self._model / META_FILE)
        self.options = {"label_class": label_class, "hide_scores": hide_scores}
        self.in_table = True

    def rows(self) -> pa.Table:
        """Return the rows of the set with their scores."""
        frame = self.labels
        chosen = np.arange(len(frame))
        if self._label_class is not None:
            chosen = np.flatnonzero(frame["label"].to_numpy() == self._label_class)
        columns: dict[str, Any] = {
            "_id": pa.array(chosen.astype(np.int64)),
            OBJECT: pa.array(frame["id"].to_numpy()[chosen].astype(str), pa.string()),
        }
        if self._model is not None and not self._hide_scores:
            columns |= said(_scores(self._model, self._stamps, chosen))
        else:
            order = np.random.default_rng(0).permutation(len(chosen))
            columns["drawn"] = pa.array(order.astype(np.int64))
        for name in SET_COLUMNS:
            if name in frame:
                columns[name] = pa.array(frame[name].to_numpy()[chosen], from_pandas=True)
        return pa.table(columns)

    def describe(self, row: Mapping[str, Any], scale: str) -> dict[str, Any]:
        """Return all layers of a stamp."""
        from scope.tasks.stamps.stamp_model import layer_names

        stamp = self._stamps.read([int(row["_id"])])[0]
        names = layer_names(range(stamp.shape[-1]))
        images = [stamp[:, :, number] for number in range(stamp.shape[-1])]
        words = [f"Row {row['_id']} of the labelled set {self.folder.name}."]
        if self._model is not None and not self._hide_scores:
            words.append(f"Scores are of the model {self._model.name}.")
        return {**drawn(names, images, scale), "classes": chances(row), "provenance": words}

    def thumbnails(self, ids: Sequence[int]) -> dict[str, list[dict[str, str]]]:
        """Return science, template and difference of some rows; of no row, none."""
        rows = sorted({number for number in ids if 0 <= number < len(self._stamps)})
        if not rows:
            return {}
        block = self._stamps.read(rows, list(range(len(ALERT_LAYERS))))
        return {
            str(row): drawn(ALERT_LAYERS, list(np.moveaxis(stamp, -1, 0)), "zscale")["stamps"]
            for row, stamp in zip(rows, block, strict=True)
        }


class AlertNights(Pictures):
    """Scores of nights of alerts, and their packets.

    Parameters
    ----------
    folder : path
        Of results.
    nights : sequence of path
        ``stamps/<night>.parquet``.
    archive : path, optional
        File, archive or folder of packets; without it there are no pictures.
    """

    task, noun = TASK, "alerts"
    classes, keys, graded = CLASSES, KEYS, GRADED
    first = (
        *("night", "object_id", "class", "class_p", "score", "drb", "mag", "ra", "dec"),
        *("ssdistnr", "reason"),
    )

    def __init__(
        self, folder: Path, nights: Sequence[Path], archive: str | Path | None = None
    ) -> None:
        self.folder, self.name = folder, "stamps"
        self.inputs = list(nights)
        self.options: dict[str, Any] = {}
        self._archive = None if archive is None else Path(archive)

    def rows(self) -> pa.Table:
        """Return the alerts of all nights."""
        tables = []
        for path in self.inputs:
            table = read_table(path).replace_schema_metadata(None)
            scores = table["score"].to_numpy(zero_copy_only=False)
            columns = {
                "_id": table["candid"],
                OBJECT: table["candid"].cast(pa.string()),
                "night": pa.array([path.stem] * len(table), pa.string()),
                **said(scores),
            }
            columns |= {n: table[n] for n in table.column_names if n not in ("candid", "score")}
            tables.append(pa.table(columns))
        return pa.concat_tables(tables, promote_options="permissive")

    def describe(self, row: Mapping[str, Any], scale: str) -> dict[str, Any]:
        """Return the three stamps of a packet; a word where it cannot be found."""
        words = [f"Alert {row['_id']} of the night {row['night']}."]
        facts: dict[str, Any] = {"classes": chances(row), "provenance": words}
        try:
            alert = self._packet(int(row["_id"]))
        except (InputError, NotFoundError) as error:
            return {**facts, "stamps": [], "scales": list(SCALES), "why": str(error)}
        if alert.stamps is None:
            why = f"No stamps in the packet: {alert.reason}."
            return {**facts, "stamps": [], "scales": list(SCALES), "why": why}
        return {**facts, **drawn(ALERT_LAYERS, alert.stamps, scale)}

    def _packet(self, candid: int) -> Alert:
        if self._archive is None:
            raise NotFoundError("no alert packets", todo="name their folder with --archive")
        named = self._archive / f"{candid}.avro"
        # A packet is mostly a file of its name; else all are looked through.
        place = named if self._archive.is_dir() and named.is_file() else self._archive
        found = next((one for one in read_alerts(place) if one.candid == candid), None)
        if found is None:
            raise NotFoundError("no such packet", value=f"{candid} in {self._archive}")
        return found


def drawn(
    names: Sequence[str], images: Sequence[npt.NDArray[np.floating]], scale: str
) -> dict[str, Any]:
    """Return stamps as JPEG in base64, each with the name of its layer.

    `images`: of each layer (rows, columns) float.

    Raises
    ------
    ConfigError
        If there is no such scale of greys.
    """
    if scale not in SCALES:
        raise ConfigError("scale", value=scale[:40], allowed=SCALES)
    stamps = [
        {
            "layer": LAYER_WORDS.get(name, name),
            "jpeg": base64.b64encode(stamp_jpeg(image, scale)).decode(),
        }
        for name, image in zip(names, images, strict=True)
    ]
    return {"stamps": stamps, "scales": list(SCALES)}


def said(scores: npt.NDArray[np.floating]) -> dict[str, pa.Array]:
    """Return the columns score, class and class_p of scores, null where there is none.

    `scores`: (n,) float.
    """
    scores = np.asarray(scores, dtype=np.float32)
    known, real = np.isfinite(scores), scores >= REAL_FROM
    words = [("real" if r else "bogus") if k else None for k, r in zip(known, real, strict=True)]
    best = np.where(real, scores, 1 - scores).astype(np.float32)
    return {
        "score": pa.array(scores, from_pandas=True),
        "class": pa.array(words, pa.string()),
        "class_p": pa.array(best, from_pandas=True),
    }


def _model_and_set(folder: Path) -> tuple[Path | None, Path, str]:
    """Return the model, if there is one, the folder of its set, and the prefix of its files."""
    if not (folder / META_FILE).is_file():
        return None, folder, ""
    from scope.tasks.stamps.network_scores import read_meta

    meta, place = read_meta(folder)
    return place, place.parent, str(meta["labels_filename"]).removesuffix(LABELS_FILE)


def _scores(model: Path, stamps: Any, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    from scope.tasks.stamps.network_scores import network_of, read_meta, score_rows
    from scope.tasks.stamps.normalise import Normalisation

    meta, _ = read_meta(model)
    how = Normalisation.parse(meta["normalise"])
    return score_rows(network_of(model), stamps, rows, meta["layers"], how)


def chances(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a score says of a row, as the page of a picture shows it."""
    if row.get("score") is None:
        return []
    score = float(row["score"])
    chances = {"real": score, "bogus": 1 - score}
    return [{"tag": tag, "label": tag, "p": p} for tag, p in chances.items()]
