"""What flows on a list of sources have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def place_joined(products: Sequence[Path], place: Path) -> Path:
    """Put the files of several units at another place, as one file in order of ``_id``."""
    from scope.catalog import gather
    from scope.runs.placing import place_product

    if len(products) == 1:
        return place_product(products[0], place)
    gather(list(products), place)
    return place


def report_list(target: str, report: Callable[[str], None]) -> None:
    """Say what became of the rows of a list."""
    from scope.io import read_table
    from scope.targets.fetch_list import OUTCOMES

    rows = Path(f"results/lists/{target}/rows.parquet")
    counts = Counter(read_table(rows, ["outcome"]).column("outcome").to_pylist())
    report(f"{counts.total()} rows asked for: {counts['found']} found")
    for outcome, meaning in OUTCOMES.items():
        if outcome != "found" and counts[outcome]:
            report(f"  {outcome:<12} {counts[outcome]:>8}  {meaning}; see {rows}")


def write_found(target: str, path: str | Path) -> Path:
    """Write the light curves of a list that were found, with the columns of SCoPe's lists.

    ``ztf_id``, ``fritz_name`` and the nested position ``coordinates``: what
    ``generate-features --doSpecificIDs`` reads.
    """
    import pandas as pd
    import pyarrow.compute as pc

    from scope.io import read_table, write_dataframe
    from scope.targets.fetch_list import NO_LIGHT_CURVE
    from scope.targets.plan import listed_file

    listed = read_table(listed_file(target), ["_id", "obj_id", "ra", "dec", "reason"])
    missing = pc.equal(listed.column("reason"), NO_LIGHT_CURVE).fill_null(False)
    table = listed.filter(pc.invert(missing)).to_pydict()
    places: list[Any] = [
        None if ra is None else {"radec_geojson": {"type": "Point", "coordinates": [ra - 180, dec]}}
        for ra, dec in zip(table["ra"], table["dec"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "ztf_id": table["_id"],
            "fritz_name": table["obj_id"],
            "coordinates": pd.Series(places, dtype=object),
        }
    )
    write_dataframe(frame, path)
    return Path(path)
