"""A page about one image: every detection with its scores, posterior and stamps.

from gotorb.visualise import ClassifierImageVisual
ClassifierImageVisual("data_…/model_…/model.h5", "r0123_UT1.fits", 55).main()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import ConfigError
from scope.io.atomic import write_bytes
from scope.tasks.stamps.cutouts import LAYERS, check_size, open_layers
from scope.tasks.stamps.images import Extensions, open_fits, read_detections
from scope.tasks.stamps.stamp_model import StampModel, layer_numbers
from scope.tasks.stamps.stamp_pictures import posterior_svg, stamp_tag

Floats = npt.NDArray[np.floating]

POSTERIOR_SAMPLES = 50
CANDIDATE_SCORE = 0.5
COLOURS = ((0.75, "good"), (0.5, "fair"), (0.25, "poor"))
"""Scores above the first are green, gold, orange; the rest red."""

STYLE = """
body { font: 15px/1.4 system-ui, "DejaVu Sans", sans-serif; margin: 18px; color: #1c2430;
  background: #fff; }
table { border-collapse: collapse; } td, th { padding: 4px 8px; border-bottom: 1px solid #d9dee5;
  text-align: right; white-space: nowrap; }
thead th { position: sticky; top: 0; background: #f6f7f9; }
th button { font: inherit; border: 0; background: none; cursor: pointer; padding: 2px;
  text-decoration: underline; color: #1f5fa8; }
.good { background: #9fdcb4; } .fair { background: #f3d774; } .poor { background: #f5b27a; }
.bad { background: #ef9a94; }
.stamp { position: relative; display: inline-block; margin: 0 2px; }
.stamp img { width: 96px; height: 96px; image-rendering: pixelated; display: block; }
.stamp::before, .stamp::after { content: ""; position: absolute; background: #f33; opacity: .7; }
.stamp::before { left: 47px; top: 8px; width: 1px; height: 26px; }
.stamp::after { top: 47px; left: 8px; height: 1px; width: 26px; }
.posterior { display: block; background: #f6f7f9; }
.posterior path { stroke: #b4bcc7; } .posterior polyline { fill: none; stroke: #1f5fa8; }
"""

SCRIPT = """
const body = document.querySelector("tbody");
function sortBy(name, rising) {
  const key = row => { const v = row.dataset[name]; return v === "" ? -Infinity : Number(v); };
  const rows = [...body.rows].sort((a, b) => rising ? key(a) - key(b) : key(b) - key(a));
  body.append(...rows);
  for (const th of document.querySelectorAll("th[data-key]"))
    th.ariaSort = th.dataset.key === name ? (rising ? "ascending" : "descending") : "none";
}
for (const button of document.querySelectorAll("th button"))
  button.addEventListener("click", () => {
    const th = button.closest("th");
    sortBy(th.dataset.key, th.ariaSort === "descending");
  });
const asked = new URLSearchParams(location.hash.slice(1)).get("sort");
if (asked) sortBy(asked, false);
"""


@dataclass(frozen=True)
class PageRow:
    """One detection on a page.

    Attributes
    ----------
    name : str
    values : mapping of column to number
        ``score``, ``confidence``, ``realbogus``, ``cnn_realbogus``, ``mag``; NaN is unknown.
    samples : (n,) float or None
        Dropout samples of the score.
    stamps : list of (layer name, (rows, columns) array)
    note : str
    """

    name: str
    values: dict[str, float]
    samples: Floats | None
    stamps: list[tuple[str, Floats]]
    note: str = ""


def stamp_page(title: str, rows: Sequence[PageRow], note: str = "") -> str:
    """Return a page with a table of detections; all is in it, and it sorts itself.

    ``#sort=score`` behind its address sorts it when it opens.
    """
    names = list(rows[0].values) if rows else ["score"]
    heads = "".join(f'<th data-key="{name}"><button>{escape(name)}</button></th>' for name in names)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>"
        f"<p>{escape(note)}</p><table><thead><tr><th>detection</th>{heads}<th>posterior</th>"
        f"<th>stamps</th></tr></thead><tbody>{''.join(map(_row, rows))}</tbody></table>"
        f"<script>{SCRIPT}</script></html>\n"
    )


def _row(row: PageRow) -> str:
    data = " ".join(
        f'data-{name}="{"" if np.isnan(value) else repr(float(value))}"'
        for name, value in row.values.items()
    )
    cells = "".join(_cell(name, value) for name, value in row.values.items())
    likely = ""
    if row.samples is not None:
        part = float(np.mean(np.asarray(row.samples) > 0.5))
        likely = f"{posterior_svg(row.samples)}P(score &gt; .5) = {part:.2f}"
    stamps = "".join(
        f'<span class="stamp">{stamp_tag(image, name)}</span>' for name, image in row.stamps
    )
    note = f"<br>{escape(row.note)}" if row.note else ""
    head, tail = f"<td>{escape(row.name)}{note}</td>", f"<td>{likely}</td><td>{stamps}</td>"
    return f"<tr {data}>{head}{cells}{tail}</tr>"


def _cell(name: str, value: float) -> str:
    if np.isnan(value):
        return "<td>-</td>"
    if name in ("score", "realbogus", "cnn_realbogus", "probability"):
        css = next((css for least, css in COLOURS if value > least), "bad")
        return f'<td class="{css}">{value:.3f}</td>'
    return f"<td>{value:.2f}</td>"


class ClassifierImageVisual:
    """Score every detection of an image and draw a page about them.

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
    ) -> None:
        folder = Path(model_file)
        self.model = StampModel.load(folder if folder.is_dir() else folder.parent)
        self.image = Path(image)
        self.size = check_size(size or self.model.card.size)
        self.out_dir = Path(out_dir) if out_dir else self.image.with_suffix("")
        self._names, self._exposures = names or Extensions(), [str(path) for path in exposures]
        mine = layer_numbers(self.model.card)
        if layers is not None and [int(n) for n in layers] != mine:
            raise ConfigError(
                "layers that the model was not trained on", value=layers, allowed=mine
            )

    def main(self) -> Path:
        """Draw all detections, and return the page ``<image>/index.html``."""
        table, stamps, singles = self._scored()
        return self._write(table, stamps, singles, None)

    def marshall_ingest(self) -> Path:
        """Draw those of which any score is at least 0.5, with posteriors of 50 samples."""
        table, stamps, singles = self._scored()
        scores = table[["score", "realbogus", "cnn_realbogus"]].to_numpy(float)
        chosen = np.flatnonzero((scores >= CANDIDATE_SCORE).any(axis=1))
        numbers = layer_numbers(self.model.card)
        samples = self.model.samples(stamps[chosen][..., numbers], POSTERIOR_SAMPLES)
        part = table.iloc[chosen].reset_index(drop=True)
        return self._write(part, stamps[chosen], singles[chosen], samples)

    def scores(self) -> pd.DataFrame:
        """Return the detections with their scores, in the image's order."""
        return self._scored()[0]

    def _scored(self) -> tuple[pd.DataFrame, Floats, Floats]:
        with open_fits(self.image) as file:
            table = read_detections(file, self._names.detections, self.image)
        layers = open_layers(str(self.image), self._exposures, self._names)
        ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
        stamps = layers.stamps(ra, dec, self.size)
        numbers = layer_numbers(self.model.card)
        if "cnn_realbogus" not in table:
            table["cnn_realbogus"] = np.nan
        table["score"] = self.model.scores(stamps[..., numbers])
        return table, stamps, layers.exposure_stamps(ra, dec, self.size)

    def _write(
        self, table: pd.DataFrame, stamps: Floats, singles: Floats, samples: Floats | None
    ) -> Path:
        shown = LAYERS if singles.shape[-1] else LAYERS[:3]
        rows = []
        for number, record in enumerate(table.to_dict("records")):
            pictures = [(name, stamps[number, :, :, i]) for i, name in enumerate(shown)]
            pictures += [
                (f"exposure {i + 1}", singles[number, :, :, i]) for i in range(singles.shape[-1])
            ]
            rows.append(
                PageRow(
                    str(record.get("id", number)),
                    _values(record),
                    None if samples is None else samples[number],
                    pictures,
                )
            )
        page = self.out_dir / "index.html"
        group = self.model.bundle.group
        note = f"{len(rows)} detections, model {group}. {histogram(table['score'].to_numpy())}"
        write_bytes(stamp_page(self.image.name, rows, note).encode(), page)
        return page


def _values(record: dict[Any, Any]) -> dict[str, float]:
    names = ("score", "realbogus", "cnn_realbogus", "mag", "x", "y")
    return {name: float(record[name]) for name in names}


def histogram(scores: Floats) -> str:
    """Return how many scores are in each tenth, as text."""
    counts = np.histogram(scores[np.isfinite(scores)], np.linspace(0, 1, 11))[0]
    return "Scores by tenths: " + " ".join(map(str, counts))
