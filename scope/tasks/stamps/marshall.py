"""Detections that people have voted on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scope.tasks.stamps import images as _images
from scope.tasks.stamps.cutouts import open_layers
from scope.tasks.stamps.image_table import read_index
from scope.tasks.stamps.images import Candidate, Extensions
from scope.tasks.stamps.label_images import (
    Labelled,
    rows_of,
)
from scope.tasks.stamps.sets import detection_id, exact_labels


def read_votes(path: str | Path, n_read: int | None = None) -> pd.DataFrame:
    """Read votes of people, each detection once.

    Raises
    ------
    InputError, NotFoundError
        If a label is none, or a detection stands twice with two labels.
    """
    votes = read_index(Path(path), ("photometry_id", "label"))
    votes = votes if n_read is None else votes.head(n_read)
    labels = exact_labels(votes["label"], path)
    votes = pd.DataFrame({"photometry_id": votes["photometry_id"], "label": labels})
    votes = votes.drop_duplicates(ignore_index=True)
    _images.refuse_twice(votes["photometry_id"].to_numpy(), f"votes {path}")
    return votes


def marshall_image(
    group: list[Candidate],
    labels: list[int],
    exposures: list[str],
    size: int,
    names: Extensions,
) -> Labelled:
    """Return the rows of voted detections of one image."""
    image = group[0].image
    detections = pd.DataFrame([dict(one.values) for one in group])
    ids = [detection_id(image.image_id, one.candidate_id, "candidate") for one in group]
    layers = open_layers(image.path, exposures, names)
    stamps = layers.stamps(detections["ra"].to_numpy(), detections["dec"].to_numpy(), size)
    table = rows_of(image, detections, ids)
    table["label"], table["metalabel"] = labels, "marshall"
    return Labelled(table, stamps, f"{len(group)} votes")
