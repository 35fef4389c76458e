"""Every detection of one image on the desk: scores, posteriors, stamps.

from gotorb.visualise import ClassifierImageVisual
visual = ClassifierImageVisual("data_…/model_…/model.h5", "r0123_UT1.fits", 55)
visual.main()                       # writes r0123_UT1/index.html
visual.show(labeller="ann")         # the same on the desk, to be labelled by r, u, b
"""

from __future__ import annotations

import getpass
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.active.ledger import Ledger
from scope.desk.desk import Desk
from scope.desk.label_mode import labelling_of
from scope.desk.picture_page import picture_page
from scope.desk.pictures import OBJECT, Pictures
from scope.desk.serve import serve
from scope.desk.stamps import CLASSES, GRADED, KEYS, chances, drawn, said
from scope.io.atomic import write_bytes
from scope.tasks.stamps.image_scores import ImageScorer, ScoredImage
from scope.tasks.stamps.images import Extensions
from scope.tasks.stamps.judging import confidence, posterior
from scope.tasks.stamps.votes import LEDGER, TASK

Floats = npt.NDArray[np.floating]

CANDIDATE_SCORE = 0.5
POSTERIOR_POINTS = 61
COPIED = {
    "realbogus": 4,
    "cnn_realbogus": 4,
    "mag": 3,
    "fwhm": 2,
    "x": 2,
    "y": 2,
    "ra": 7,
    "dec": 7,
}
"""Columns of the image, and the digits that people see of them."""


class ImageDetections(Pictures):
    """The detections of an image that were scored.

    Parameters
    ----------
    scored : ScoredImage
    name : str
        Of the table.
    folder : path
        Where the desk may keep its table.
    note : str
        Where the image and its scores are from.
    """

    task, noun = TASK, "detections"
    classes, keys, graded = CLASSES, KEYS, GRADED
    first = ("score", "realbogus", "cnn_realbogus", "above_half", "confidence", "mag", "x", "y")

    def __init__(self, scored: ScoredImage, name: str, folder: Path, note: str) -> None:
        self.scored, self.name, self.folder, self._note = scored, name, folder, note
        self.inputs, self.in_table = [scored.path], True
        self.options = {"note": note, "rows": len(scored.table), "score": scored.digest}

    def rows(self) -> pa.Table:
        """Return the detections: three scores, and what the dropout samples say."""
        table, samples = self.scored.table, self.scored.samples
        columns: dict[str, Any] = {
            "_id": pa.array(np.arange(len(table), dtype=np.int64)),
            OBJECT: pa.array(self.scored.names, pa.string()),
            **said(table["score"].to_numpy()),
        }
        if samples is not None:
            columns["above_half"] = pa.array(np.mean(samples > 0.5, axis=1).round(3))
            columns["confidence"] = pa.array(confidence(samples).round(3))
        for name, digits in COPIED.items():
            values = table[name].to_numpy(np.float64).round(digits)
            columns[name] = pa.array(values, from_pandas=True)
        return pa.table(columns)

    def describe(self, row: Mapping[str, Any], scale: str) -> dict[str, Any]:
        """Return all layers and exposures of a detection, and its posterior."""
        number = int(row["_id"])
        names, images = self.scored.pictures(number)
        found = {**drawn(names, images, scale), "classes": chances(row), "provenance": [self._note]}
        if self.scored.samples is not None:
            found["posterior"] = _density(self.scored.samples[number])
        return found

    def thumbnails(self, ids: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
        """Return all layers of some rows, and the posterior."""
        return {str(number): self._thumbnails(number) for number in ids if number < len(self)}

    def _thumbnails(self, number: int) -> list[dict[str, Any]]:
        names, images = self.scored.pictures(number)
        stamps: list[dict[str, Any]] = list(drawn(names, images, "zscale")["stamps"])
        if self.scored.samples is None:
            return stamps
        return [{"layer": "posterior", **_density(self.scored.samples[number])}, *stamps]

    def __len__(self) -> int:
        return len(self.scored.table)


def _density(samples: Floats) -> dict[str, Any]:
    """Return the posterior of a score on an even grid, and the part of it above one half."""
    _, y = posterior(samples, np.linspace(0, 1, POSTERIOR_POINTS))
    density = [round(float(value), 3) for value in y]
    return {"density": density, "above_half": float(np.mean(np.asarray(samples) > 0.5))}


class ClassifierImageVisual:
    """Score every detection of an image, and show them.

    Parameters
    ----------
    model_file : path
        ``model.h5`` in the folder of a model, or that folder.
    image : path
        A difference image.
    size : int
        Side of the stamps that are cut (px): at least the model's.
    layers : sequence of int, optional
        What the caller believes the model's layers to be; others than its card's are refused.
    exposures : sequence of path
        The single exposures, for the models and the pictures that use them.
    out_dir : path, optional
        By default a folder beside the image, of its name.
    image_id : int, optional
        The image's number in its database or index: then votes are of the ids that labelled
        sets have, and `eyeball.apply_votes` finds them.
    """

    def __init__(
        self,
        model_file: str | Path,
        image: str | Path,
        size: int | None = None,
        layers: Sequence[int] | None = None,
        *,
        exposures: Sequence[str | Path] = (),
        out_dir: str | Path | None = None,
        names: Extensions | None = None,
        image_id: int | None = None,
    ) -> None:
        self.image = Path(image)
        self.out_dir = Path(out_dir) if out_dir else self.image.with_suffix("")
        self.scorer = ImageScorer(model_file, size, layers, names=names, image_id=image_id)
        self._exposures = [str(path) for path in exposures]

    @cached_property
    def scored(self) -> ScoredImage:
        """The detections with their scores, in the image's order."""
        return self.scorer.score(self.image, self._exposures)

    def main(self) -> Path:
        """Draw all detections, and return the page ``<image>/index.html``."""
        return self._write(self.scored)

    def marshall_ingest(self) -> Path:
        """Draw those of which any score is at least 0.5."""
        return self._write(self._candidates())

    def show(
        self,
        *,
        candidates: bool = False,
        labeller: str | None = None,
        ledger: str | Path | None = None,
        port: int = 8047,
    ) -> None:
        """Serve the detections on the desk, to look at and to label, until Ctrl-C.

        Parameters
        ----------
        candidates : bool
            Only those of which any score is at least 0.5.
        labeller : str, optional
            Who votes; by default the name of the user.
        ledger : path, optional
            Folder of the ledger; by default ``labels`` in `out_dir`.
        port : int
            0 takes a free one.
        """
        self.out_dir.mkdir(parents=True, exist_ok=True)
        scored = self._candidates() if candidates else self.scored
        desk = Desk.of_pictures(self._pictures(scored, self.out_dir))
        book = Ledger(ledger or self.out_dir / LEDGER)
        desk = replace(desk, labelling=labelling_of(desk, book, labeller or getpass.getuser()))

        def ready(address: str) -> None:
            print(f"Open {address} in a browser; Ctrl-C ends it. Votes go to {book.path}")

        serve(desk, port, ready)

    def _candidates(self) -> ScoredImage:
        scores = self.scored.table[["score", "realbogus", "cnn_realbogus"]].to_numpy(float)
        return self.scored.chosen(np.flatnonzero((scores >= CANDIDATE_SCORE).any(axis=1)))

    def _pictures(self, scored: ScoredImage, folder: Path) -> ImageDetections:
        note = (
            f"{len(scored.table)} detections of {self.image.name}, scored by the model "
            f"{self.scorer.model.bundle.group}. {histogram(scored.table['score'].to_numpy())}"
        )
        return ImageDetections(scored, self.image.stem, folder, note)

    def _write(self, scored: ScoredImage) -> Path:
        page = self.out_dir / "index.html"
        # The desk's table is of no use beside a page that holds everything.
        with tempfile.TemporaryDirectory(prefix="scope-page-") as work:
            desk = Desk.of_pictures(self._pictures(scored, Path(work)))
            text = picture_page(desk, self.image.name, sort="score", descending=True)
        write_bytes(text.encode(), page)
        return page


def histogram(scores: Floats) -> str:
    """Return how many scores are in each tenth, as text.

    `scores`: (n,) float, from 0 to 1.
    """
    counts = np.histogram(scores[np.isfinite(scores)], np.linspace(0, 1, 11))[0]
    return "Scores by tenths: " + " ".join(map(str, counts))
