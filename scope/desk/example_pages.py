"""The pages of the stars that a report has for examples: one file, which the report leads to."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.desk.desk import Desk
from scope.desk.products import LIGHT_CURVES, Target, prepare_table
from scope.desk.sql_text import plain
from scope.desk.star_curves import CurveReader
from scope.desk.star_facts import find_row, light_curves, star_facts
from scope.desk.static_page import curves_of, page_html
from scope.desk.table import Question, StarTable
from scope.io import count_rows, iter_batches, read_ids, read_metadata, read_schema, write_table
from scope.io.atomic import write_bytes
from scope.lightcurves.cleaning import CleaningOptions

SHOWN = ("_id", "ra", "dec", "mag", "period", "amplitude", "n_epochs", "class", "class_p")
BATCH_ROWS = 65536


def write_example_pages(
    stars: str | Path,
    examples: str | Path,
    output: str | Path,
    *,
    features: Sequence[str | Path] | None = None,
    labels: Mapping[str, str] | None = None,
) -> int:
    """Write the pages of the stars that have a light curve among the examples, as one HTML file.

    The page of a star is at ``#/star/<target>/<id>``, and at ``#/curve/<id>`` of a light curve.
    It has the points that features are made of, and what needs no search: no periodogram,
    no Shapley values.

    Parameters
    ----------
    stars, examples : path
        Products of a target; its catalogue is looked for where it lies, and light curves in
        `examples` alone.
    output : path
    features : sequence of path, optional
        Of its units; by default those that lie beside the other products.
    labels : mapping of class tag to str, optional
        By default those that ship.

    Returns
    -------
    int
        Stars.
    """
    from scope.config import Config

    stars = Path(stars)
    with tempfile.TemporaryDirectory(prefix="scope-pages-") as folder:
        few = Path(folder) / "stars.parquet"
        write_table(_stars_of(stars, read_ids(examples)), few, read_metadata(stars))
        units = None if features is None else tuple(Path(path).resolve() for path in features)
        place = Target(stars.stem, stars.resolve().parent.parent, few, True, units)
        table = StarTable(
            {place.name: prepare_table(place, Path(folder) / "desk")},
            threads=1,
            readable=[place.results, Path(folder)],
        )
        targets = {place.name: place}
        # What else lies in the run's folder by now differs from run to run.
        only = Path(examples).resolve()
        curves = CurveReader(table, targets, None, CleaningOptions(), only=only)
        desk = Desk(targets, table, curves, Config(), labels=labels)
        data = _data(desk, place, count_rows(stars))
    write_bytes(page_html(data).encode(), output)
    return len(data["stars"])


def _stars_of(path: Path, ids: npt.NDArray[np.int64]) -> pa.Table:
    """Return the rows of stars that have any of some light curves."""
    names = read_schema(path).names
    pieces = []
    for piece in iter_batches(path, names, BATCH_ROWS):
        lists = piece.column(LIGHT_CURVES)
        lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
        found = np.isin(lists.flatten().to_numpy(), ids)
        row = lists.value_parent_indices().to_numpy()[found]
        keep = np.zeros(piece.num_rows, dtype=bool)
        keep[row] = True
        pieces.append(pa.table(piece.filter(pa.array(keep))))
    return pa.concat_tables(pieces) if pieces else read_schema(path).empty_table()


def _data(desk: Desk, place: Target, total: int) -> dict[str, Any]:
    names = [name for name in SHOWN if name in desk.table.kinds]
    wanted = dict.fromkeys([*names, "log_period", "log_amplitude"])
    columns = [name for name in wanted if name in desk.table.kinds]
    rows = desk.table.page(Question(), columns, limit=1000)
    pages: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    for number in rows["_id"].to_pylist():
        page, own = _page(desk, place.name, str(number))
        pages[f"{place.name}/{number}"] = page
        aliases |= dict.fromkeys(own, f"{place.name}/{number}")
    return {
        "about": {**desk.about(), "labelling": None, "total": total},
        "shown": [name for name in names if name in desk.table.filled],
        "filter": "",
        "rows": {name: plain(rows[name]) for name in rows.column_names},
        "stars": pages,
        "curves": aliases,
    }


def _page(desk: Desk, target: str, text: str) -> tuple[dict[str, Any], list[str]]:
    """Return what the page of a star holds, and the ids of its light curves."""
    row = find_row(desk, target, text)
    listed = light_curves(desk, target, row)
    page = {"star": star_facts(desk, target, text), "curves": curves_of(desk, target, listed)}
    return page, [str(one["_id"]) for one in listed]
