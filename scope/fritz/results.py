"""What an upload leaves behind: a receipt, and a copy of its input with names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import scope
from scope.errors import UsageError
from scope.fritz.journal import Journal

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("parquet", "h5", "csv")
RECEIPT_COLUMNS = ("row", "obj_id", "what", "detail", "status", "fritz_id")
STEPS = ("source", "photometry", "replace", "classification", "annotation", "comment")
OBJ_ID = "obj_id"


@dataclass(frozen=True)
class ResultFiles:
    """Places of the files of an upload.

    Attributes
    ----------
    folder : Path
    stem : str
        Name of the input and the tag of the results.
    format : str
        One of `FORMATS`.
    """

    folder: Path
    stem: str
    format: str = "parquet"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise UsageError("format of results", value=self.format, allowed=FORMATS)

    @property
    def journal(self) -> Path:
        """The journal, by which an upload goes on."""
        return self.folder / f"{self.stem}.journal.jsonl"

    @property
    def receipt(self) -> Path:
        """Receipt of what was done: a row for each step."""
        return self.folder / f"{self.stem}_receipt.{self.format}"

    @property
    def named(self) -> Path:
        """A copy of the input with the names of the sources."""
        return self.folder / f"{self.stem}.{self.format}"


def write_receipt(journal: Journal, path: str | Path) -> None:
    """Write all steps of a journal as a table.

    Columns: ``row`` of the input, ``obj_id``, ``what``, ``detail``, ``status`` (``posted``;
    ``there``, done before by somebody; ``updated``; ``refused``; ``requested``, a group is asked
    to save a source; ``left out``; and of an old classification that is replaced ``deleted``,
    ``withdrawn``, other groups keep it, or ``kept``, it is somebody else's) and ``fritz_id``, the
    number of a classification where the server told it.
    """
    import pandas as pd

    from scope.io import write_dataframe

    steps = [step for step in journal.steps() if step["what"] in STEPS]
    table = pd.DataFrame(
        {name: [step.get(name) for step in steps] for name in RECEIPT_COLUMNS},
        columns=list(RECEIPT_COLUMNS),
    )
    table["row"] = table["row"].astype("int64")
    table["fritz_id"] = table["fritz_id"].astype("Int64")
    table.attrs = {"pipeline_version": scope.__version__, "server": journal.server}
    write_dataframe(table, path)


def receipt_lines(journal: Journal) -> list[str]:
    """Return what was done, a line for each kind: by this run, and before it.

    >>> from scope.fritz.journal import Journal
    >>> journal = Journal(None, "server")
    >>> journal.finish({"a": {"what": "comment", "status": "posted"}})
    >>> receipt_lines(journal)
    ['1 comment posted']
    """
    lines = []
    for fresh, when in ((True, ""), (False, " by an earlier run")):
        steps = [step for step in journal.steps(fresh=fresh) if step["what"] in STEPS]
        counts = Counter((step["what"], step["status"]) for step in steps)
        lines += [f"{n} {what} {status}{when}" for (what, status), n in sorted(counts.items())]
    return lines


def write_named(table: pd.DataFrame, names: Mapping[int, str], path: str | Path) -> None:
    """Write a table with the names of its sources; those that it has already stay."""
    from scope.io import write_dataframe

    named = table.copy()
    before = named[OBJ_ID].tolist() if OBJ_ID in named else [None] * len(named)
    named[OBJ_ID] = [names.get(number, name) for number, name in enumerate(before)]
    named.attrs = {"pipeline_version": scope.__version__, **table.attrs}
    write_dataframe(named, path)
