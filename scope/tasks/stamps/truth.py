"""Labelled sets of simulated nights by what their detections really are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import InputError, few
from scope.io.user_tables import read_user_table
from scope.io.values import bool_values, exact_numbers
from scope.provenance import hash_file
from scope.schema import require_columns
from scope.tasks.stamps.cutouts import LAYERS, PAD, Floats, check_size, open_layers
from scope.tasks.stamps.image_folder import ImageFolder
from scope.tasks.stamps.image_table import WHOLE_NUMBERS, refuse_gaps
from scope.tasks.stamps.images import DifferenceImage, Extensions, refuse_twice
from scope.tasks.stamps.label_images import Labelled, read_image_detections, rows_of
from scope.tasks.stamps.label_runs import Job, RunLog, finish_run, start_run, write_chunks
from scope.tasks.stamps.run_settings import run_settings
from scope.tasks.stamps.sets import detection_id

TRUTH = "truth.csv"
CHUNK = 200
"""Images after which what is done is safe from a kill."""

FACTS = ("snr", "galaxy_arcsec", "mag_true", "share", "template_part")
TRUTHS = ("real", "fainter")
TRUTH_COLUMNS = ("id", "image_id", "kind", *TRUTHS, *FACTS)
"""What ``truth.csv`` of a simulated night holds."""

ANEW = " (of an older simulation? make the night anew with scope stamps simulate-night)"

WITHOUT_GAPS = {
    "id": WHOLE_NUMBERS,
    "image_id": WHOLE_NUMBERS,
    "kind": "a kind of detection, such as minor_planet or cosmic_ray",
    **dict.fromkeys(TRUTHS, "True, False"),
}

DIFFERENCE = LAYERS.index("difference")

FADED = "faded_star"
"""Metalabel of what is real and fainter than in the template: a star that varies."""

NO_TEMPLATE = "no_template"
"""Metalabel of what is real and stands where the template has no image: nobody could know."""


def make_truth_set(
    night: str | Path, out_dir: str | Path, *, stamp_size: int = 31, nproc: int = 1
) -> Path:
    """Make a labelled set of all detections of a simulated night; metalabels are its kinds.

    The difference in the stamps of what is fainter than in the template is turned, so that a
    detection is positive in it. What is real where the template has no image is of unknown
    label (-1): a star that the template lacks looks the same.

    Parameters
    ----------
    night : path
        As `simulation.write.simulate_night` writes it.
    out_dir : path
        Parent of ``data_<time>``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ScopeError
        If the night or its ``truth.csv`` cannot be used, see `read_truth`.
    """
    source, size = ImageFolder(night), check_size(stamp_size)
    truth = read_truth(night).set_index("id")
    images = source.images(None)
    names = Extensions()
    more = {"size": size, "truth": hash_file(Path(night) / TRUTH)}
    folder = start_run(out_dir, run_settings("truth", images, source, CHUNK, **more))

    def jobs(part: Sequence[DifferenceImage]) -> Iterator[tuple[str, Job]]:
        for image in part:
            mine = truth[truth["image_id"] == image.image_id]
            arguments = (image, source.exposures(image), mine, size, names)
            yield str(image.image_id), (truth_image, arguments)

    with RunLog(folder / f"{folder.name}.log"):
        n = write_chunks(folder, images, CHUNK, jobs, nproc=nproc, size=size)
        finish_run(folder, n, size)
    return folder


def truth_image(
    image: DifferenceImage,
    exposures: Sequence[str],
    truth: pd.DataFrame,
    size: int,
    names: Extensions,
) -> Labelled:
    """Label all detections of an image by its truth."""
    detections = read_image_detections(image, names)
    layers = open_layers(image.path, exposures, names)
    ids = [detection_id(image.image_id, row) for row in range(len(detections))]
    table = rows_of(image, detections, ids)
    known = _rows_of(truth, detections["id"].to_numpy(), image)
    unknown = known["real"].to_numpy() & (known["template_part"].to_numpy() < 0.5)
    table["label"] = np.where(unknown, -1, known["real"].to_numpy().astype(int))
    faded = known["real"].to_numpy() & known["fainter"].to_numpy()
    kind = np.where(faded, FADED, known["kind"].to_numpy())
    table["metalabel"] = np.where(unknown, NO_TEMPLATE, kind)
    stamps = layers.stamps(detections["ra"].to_numpy(), detections["dec"].to_numpy(), size)
    _turn(stamps, known["fainter"].to_numpy(dtype=bool))
    return Labelled(table, stamps, f"{len(table)} detections")


def _turn(stamps: Floats, fainter: npt.NDArray[np.bool_]) -> None:
    """Turn the difference of what is fainter than in the template, as packets of ZTF have it.

    The detection is positive then; what lies beyond the edge of an image keeps its value.
    """
    turned = stamps[fainter, :, :, DIFFERENCE]
    stamps[fainter, :, :, DIFFERENCE] = np.where(turned == PAD, PAD, -turned)


def _rows_of(
    truth: pd.DataFrame, ids: npt.NDArray[np.integer], image: DifferenceImage
) -> pd.DataFrame:
    """Return the rows of the truth of an image's detections, in their order."""
    missing = ids[~np.isin(ids, truth.index.to_numpy())]
    if len(missing):
        raise InputError(
            f"truth.csv without the detections of image {image.image_id}",
            value=few(missing),
            allowed="a row for each detection of its image",
            todo="simulate the night anew: its files are of two different runs",
        )
    return truth.loc[ids]


def read_truth(night: str | Path) -> pd.DataFrame:
    """Return the table of what detections of a simulated night really are, by id.

    Returns
    -------
    DataFrame
        `TRUTH_COLUMNS`, and what else the table holds: ``id`` and ``image_id`` int64; ``kind``
        text; ``real`` and ``fainter`` bool; ``snr``, ``galaxy_arcsec`` (arcsec), ``mag_true``
        (mag), ``share`` and ``template_part`` float64, NaN where there is none.

    Raises
    ------
    NotFoundError, CorruptFileError
    MissingColumnError
        If a column is missing.
    InputError
        If a cell is not of its column's type, or an id, a kind or a truth is missing.
    DuplicateIdError
        If an id stands twice.
    """
    path = Path(night) / TRUTH
    table = read_user_table(path, text=("kind",), ids=("id", "image_id"))
    require_columns(list(table.columns), TRUTH_COLUMNS, f" in {path}{ANEW}")
    read: dict[str, Any] = {
        **{name: bool_values(table[name], name, path) for name in TRUTHS},
        **{name: exact_numbers(table[name], name, path) for name in FACTS},
    }
    table = table.assign(**read)
    for name, allowed in WITHOUT_GAPS.items():
        refuse_gaps(table[name], name, path, allowed)
    refuse_twice(table["id"].to_numpy(), str(path))
    # In the order of the detections in their images, whatever it was sorted by.
    table = table.sort_values("id", kind="stable", ignore_index=True)
    return table.astype(dict.fromkeys(TRUTHS, bool))


def truth_facts(night: str | Path) -> pd.DataFrame:
    """Return ``snr``, ``galaxy_arcsec``, ``mag_true``, ``kind`` and ``real`` by the ids of sets."""
    truth = read_truth(night)
    row = truth.groupby("image_id").cumcount()
    ids = [detection_id(i, r) for i, r in zip(truth["image_id"], row, strict=True)]
    return truth.assign(detection=np.array(ids)).set_index("detection")[[*FACTS, "kind", "real"]]
