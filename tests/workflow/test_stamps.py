"""Alerts of a night through the workflow: real packets of ZTF, the starter model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from scope.checkout import SHIPPED_MODELS
from scope.cli.main import main
from scope.io import read_metadata, read_table

from .conftest import Run

PRODUCT = "results/stamps/night_1.parquet"


def test_a_night_is_scored_row_by_row_as_the_command_does(
    make_run: Callable[..., Run], real_data: Path, tmp_path: Path
) -> None:
    packets = real_data / "stamps" / "ztf_avro"
    run = make_run("stamps", config=[f"stamps={{alerts: {{night_1: '{packets}'}}}}"])
    run.snakemake("--", PRODUCT)
    table = read_table(run.folder / PRODUCT)
    candids = sorted(int(path.stem) for path in packets.glob("*.avro"))
    assert table.column("candid").to_pylist() == candids
    assert table.column("reason").null_count == len(candids)
    scores = table.column("score").to_numpy()
    assert ((scores > 0) & (scores < 1)).all()
    # ZTF's own score of the least real of them is 0.23, of all others above 0.9.
    assert np.argmin(scores) == np.argmin(table.column("drb").to_numpy())
    assert main(["stamps", "score-alerts", str(packets), str(tmp_path / "night.parquet")]) == 0
    assert read_table(tmp_path / "night.parquet").equals(table)
    record = read_metadata(run.folder / PRODUCT)
    assert record["model"]["group"] == "starter"
    assert (SHIPPED_MODELS / "stamps" / "cnn" / "starter" / "card.md").is_file()
