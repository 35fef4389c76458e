"""Look at stamps one at a time, and label them: r real, u unsure, b bogus.

    from gotorb import eyeball
    eyeball.show("data_…/model_…", labeller="ann")       # then open the address it prints

A page on this machine alone. Votes go to the ledger of labels as they are given; nothing in
the labelled set changes until `apply_votes` writes a new one.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.active.labels import Label
from scope.active.ledger import Ledger
from scope.errors import ConfigError, InputError, ScopeError
from scope.tasks.stamps.classifier import network_of, read_meta, score_rows
from scope.tasks.stamps.model import layer_names
from scope.tasks.stamps.normalise import Normalisation
from scope.tasks.stamps.pictures import SCALES, stamp_jpeg
from scope.tasks.stamps.sets import LABELS_FILE, open_set, write_labels

if TYPE_CHECKING:
    from starlette.applications import Starlette

VOTES: Mapping[str, tuple[str, int]] = {"r": ("real", 1), "u": ("unsure", -1), "b": ("bogus", 0)}
"""Key -> label in the ledger, and number in a labelled set."""

TASK = "stamps"
LEDGER = "labels"

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Stamps</title><style>
body { font: 16px/1.4 system-ui, "DejaVu Sans", sans-serif; margin: 20px; }
#stamps img { width: 190px; height: 190px; image-rendering: pixelated; }
figure { display: inline-block; margin: 4px; } figcaption { text-align: center; }
button { font: inherit; padding: 6px 14px; margin: 4px; } #said { min-height: 1.4em; }
.real { background: #9fdcb4; } .bogus { background: #ef9a94; } .unsure { background: #f3d774; }
</style><h1 id="title">…</h1><div id="stamps"></div>
<p><button data-vote="r" class="real">r real</button><button data-vote="u" class="unsure">u unsure
</button><button data-vote="b" class="bogus">b bogus</button>
<button id="back">&larr;</button><button id="next">&rarr;</button>
<label>scale <select id="scale">SCALES</select></label>
<label>row or id <input id="goto" size="12"></label></p><p id="said"></p><script>
let row = null, busy = false;
const by = id => document.getElementById(id);
async function show(name) {
  const query = new URLSearchParams({ name: name, scale: by("scale").value });
  const answer = await fetch("/row?" + query);
  const found = await answer.json();
  if (!answer.ok) { by("said").textContent = found.error; return; }
  row = found;
  by("title").textContent = found.title;
  by("stamps").innerHTML = "";
  for (const [name, data] of found.stamps) {
    const figure = document.createElement("figure"), img = new Image();
    img.src = "data:image/jpeg;base64," + data; img.alt = name;
    const caption = document.createElement("figcaption"); caption.textContent = name;
    figure.append(img, caption); by("stamps").append(figure);
  }
}
async function vote(key) {
  if (row === null || busy) return;
  busy = true;
  try {
    const answer = await fetch("/vote", { method: "POST", headers:
      { "Content-Type": "application/json" }, body: JSON.stringify({ id: row.id, vote: key }) });
    const found = await answer.json();
    by("said").textContent = answer.ok ? found.said : found.error;
    if (answer.ok) await show(row.next);
  } finally { busy = false; }
}
document.addEventListener("keydown", event => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.repeat) return;
  if ("rub".includes(event.key)) vote(event.key);
  if (event.key === "ArrowRight") show(row.next);
  if (event.key === "ArrowLeft") show(row.previous);
});
for (const button of document.querySelectorAll("[data-vote]"))
  button.addEventListener("click", () => vote(button.dataset.vote));
by("next").addEventListener("click", () => show(row.next));
by("back").addEventListener("click", () => show(row.previous));
by("scale").addEventListener("change", () => show(row.id));
by("goto").addEventListener("change", event => show(event.target.value));
show("");
</script></html>
"""


class EyeballSet:
    """Rows of a labelled set in a random order, with the scores of a model.

    Parameters
    ----------
    model_dir : path
        The folder of a model.
    label_class : int, optional
        Only rows with this label: 1, 0 or -1.
    hide_scores : bool
    seed : int
        Of the order.
    """

    def __init__(
        self,
        model_dir: str | Path,
        label_class: int | None = None,
        hide_scores: bool = False,
        *,
        seed: int = 0,
    ) -> None:
        meta, folder = read_meta(model_dir)
        prefix = str(meta["labels_filename"]).removesuffix(LABELS_FILE)
        self.folder = folder.parent
        self.labels, self._stamps = open_set(self.folder, prefix)
        if label_class not in (None, 1, 0, -1):
            raise ConfigError("label_class", value=label_class, allowed="1, 0, -1 or none")
        label = self.labels["label"].to_numpy()
        rows = (
            np.arange(len(label)) if label_class is None else np.flatnonzero(label == label_class)
        )
        if not len(rows):
            raise InputError("no row to look at", value=f"label_class {label_class}")
        self.order = np.random.default_rng(seed).permutation(rows)
        self._place = {int(row): number for number, row in enumerate(self.order)}
        self._scores: npt.NDArray[np.floating] | None = None
        if not hide_scores:
            how = Normalisation.parse(meta["normalise"])
            network = network_of(folder)
            every = np.arange(len(label))
            self._scores = score_rows(network, self._stamps, every, meta["layers"], how)

    def find(self, name: str) -> int:
        """Return a row by its number or id; of no name the first.

        Raises
        ------
        InputError
        """
        if not name:
            return int(self.order[0])
        if name.isdigit() and int(name) in self._place:
            return int(name)
        found = np.flatnonzero(self.labels["id"].to_numpy() == name)
        if not len(found) or int(found[0]) not in self._place:
            raise InputError("no such row", value=name, allowed="the number or id of a row shown")
        return int(found[0])

    def describe(self, name: str, scale: str = "zscale") -> dict[str, Any]:
        """Return what the page shows of a row."""
        if scale not in SCALES:
            raise ConfigError("scale", value=scale, allowed=SCALES)
        row = self.find(name)
        values = self.labels.iloc[row]
        stamp = self._stamps.read([row])[0]
        score = "" if self._scores is None else f", score {self._scores[row]:.3f}"
        numbers = range(stamp.shape[-1])
        place = self._place[row]
        pictures = [
            (layer, base64.b64encode(stamp_jpeg(stamp[:, :, n], scale)).decode())
            for n, layer in zip(numbers, layer_names(numbers), strict=True)
        ]
        return {
            "id": str(values["id"]),
            "row": row,
            "title": f"row {row}: UT{values['ut']}, x {values['x']:.1f}, y {values['y']:.1f}, "
            f"{values['ncoadd']} coadds, old score {values['realbogus']:.2f}{score}, "
            f"label {values['label']} ({values['metalabel']})",
            "stamps": pictures,
            "next": str(self.labels["id"].iloc[self.order[(place + 1) % len(self.order)]]),
            "previous": str(self.labels["id"].iloc[self.order[place - 1]]),
        }


def app(shown: EyeballSet, ledger: Ledger, labeller: str) -> Starlette:
    """Return the page as an application: ``/``, ``/row`` and ``/vote``."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    options = "".join(f"<option>{scale}</option>" for scale in SCALES)

    def page(request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE.replace("SCALES", options))

    def row(request: Request) -> JSONResponse:
        asked = request.query_params
        return JSONResponse(shown.describe(asked.get("name", ""), asked.get("scale", "zscale")))

    async def vote(request: Request) -> JSONResponse:
        # A page of another site cannot send JSON here without being asked first.
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise InputError("vote that is no JSON")
        given = await request.json()
        return JSONResponse({"said": record_vote(shown, ledger, labeller, given)})

    def refused(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=400)

    return Starlette(
        routes=[Route("/", page), Route("/row", row), Route("/vote", vote, methods=["POST"])],
        exception_handlers={ScopeError: refused},
    )


def record_vote(shown: EyeballSet, ledger: Ledger, labeller: str, given: Any) -> str:
    """Write one vote into the ledger, and say so.

    Raises
    ------
    InputError
        If the row or the vote is none.
    """
    key = str(given.get("vote")) if isinstance(given, Mapping) else ""
    if key not in VOTES:
        raise InputError("vote", value=key, allowed=VOTES)
    row = shown.find(str(given.get("id") or "?"))
    name, label = str(shown.labels["id"].iloc[row]), VOTES[key][0]
    ledger.append([Label(name, TASK, label, source="human", labeller=labeller)])
    return f"row {row}: {label}"


def show(
    model_dir: str | Path,
    label_class: int | None = None,
    hide_scores: bool = False,
    *,
    labeller: str | None = None,
    ledger: str | Path | None = None,
    port: int = 8047,
) -> None:
    """Serve the page to this machine until Ctrl-C.

    Parameters
    ----------
    model_dir : path
        The folder of a model.
    label_class : int, optional
        Only rows with this label.
    hide_scores : bool
        Do not show what the model says.
    labeller : str, optional
        Who votes; by default the name of the user.
    ledger : path, optional
        Folder of the ledger; by default ``labels`` beside the labelled set's files.
    port : int
    """
    import getpass

    import uvicorn

    shown = EyeballSet(model_dir, label_class, hide_scores)
    book = Ledger(ledger or shown.folder / LEDGER)
    print(f"Open http://127.0.0.1:{port}/ in a browser; Ctrl-C ends it. Votes go to {book.path}")
    made = app(shown, book, labeller or getpass.getuser())
    uvicorn.run(made, host="127.0.0.1", port=port, log_level="warning")


def apply_votes(data_dir: str | Path, ledger: str | Path | None = None) -> Path:
    """Write the labels of a set anew with the votes of people: the last vote of each row.

    Returns
    -------
    Path
        ``voted_data_labels.csv``, with its stamps beside it.
    """
    from scope.tasks.stamps.sets import write_selection

    folder = Path(data_dir)
    book = Ledger(ledger or folder / LEDGER)
    numbers = dict(VOTES.values())
    last = {vote.object: numbers[vote.label] for vote in book.labels(TASK) if vote.label in numbers}
    labels, stamps = open_set(folder)
    stamps.close()
    path = write_selection(folder, np.ones(len(labels), dtype=bool), "", "voted_")
    voted = [
        last.get(name, label) for name, label in zip(labels["id"], labels["label"], strict=True)
    ]
    changed = np.array([name in last for name in labels["id"]], dtype=bool)
    metalabel = np.where(changed, "marshall", labels["metalabel"])
    write_labels(labels.assign(label=voted, metalabel=metalabel), path)
    return path
