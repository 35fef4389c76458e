"""``scope.classify`` gives what the commands give, from any kind of light curves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import scope
from scope.catalog import classify_lightcurves
from scope.checkout import SHIPPED_MODELS
from scope.cli.generate_features import main as generate
from scope.cli.main import main
from scope.errors import ConfigError, InputError, MissingColumnError, NotFoundError
from scope.io import write_table
from scope.lightcurves import LightCurves

STARS = 3


def curves() -> LightCurves:
    """Three light curves, one of them too short to be classified."""
    rng = np.random.default_rng(5)
    lengths = [80, 60, 10]
    time = [np.sort(rng.uniform(58200, 59200, n)) for n in lengths]
    mag = [17 + 0.4 * np.sin(2 * np.pi * t / 0.61) + rng.normal(0, 0.02, len(t)) for t in time]
    return LightCurves(
        ids=np.array([11, 7, 9]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        time=np.concatenate(time),
        mag=np.concatenate(mag),
        magerr=np.full(sum(lengths), 0.02),
    )


def table_of(found: LightCurves) -> pa.Table:
    parts = [slice(*found.offsets[i : i + 2]) for i in range(STARS)]
    lists = {"hmjd": found.time, "mag": found.mag, "magerr": found.magerr}
    columns = {name: [values[part] for part in parts] for name, values in lists.items()}
    return pa.table({"_id": found.ids, **columns})


def test_it_gives_what_the_commands_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(table_of(curves()), "curves.parquet", {})
    assert generate(["--light-curves", "curves.parquet", "--output", "features.parquet"]) == 0
    assert main(["classify", "--features", "features.parquet", "--output", "catalog.parquet"]) == 0
    from scope.io import read_table

    expected = read_table("catalog.parquet")
    assert {"vnv_p", "vnv_set", "ood_p"} <= set(expected.schema.names)
    assert expected.column("reason").to_pylist().count(None) == 2
    # Of a table, of a data frame and of the library's own light curves.
    for given in (table_of(curves()), table_of(curves()).to_pandas(), curves()):
        assert scope.classify(given).equals(expected)


def test_what_rises_once_and_is_seen_once_a_night_is_not_called_periodic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the function and by the command; without the rule its scores would make it so."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    time = 58200.0 + np.arange(92) + rng.uniform(0.0, 0.03, 92)
    mag = 18.0 - 1.5 * np.exp(-0.5 * ((time - 58245.0) / 9.0) ** 2) + rng.normal(0, 0.02, 92)
    lists = {"hmjd": [time], "mag": [mag], "magerr": [np.full(92, 0.02)]}
    write_table(pa.table({"_id": [5], **lists}), "curves.parquet", {})
    assert generate(["--light-curves", "curves.parquet", "--output", "features.parquet"]) == 0
    assert main(["classify", "--features", "features.parquet", "--output", "catalog.parquet"]) == 0
    from scope.io import read_table

    by_command = read_table("catalog.parquet")
    assert scope.classify(read_table("curves.parquet")).equals(by_command)
    (row,) = by_command.to_pylist()
    assert row["alias_trend"]
    assert row["pnp_xgb"] > 0.5
    periodic = ("pnp", "puls", "e", "bis", "lpv", "rrab", "ea")
    assert max(row[f"{tag}_p"] for tag in periodic) <= 0.5
    monkeypatch.setattr("scope.config.model.Config.periodic_classes", lambda self: [])
    (free,) = scope.classify(read_table("curves.parquet")).to_pylist()
    assert free["pnp_p_train"] > row["pnp_p_train"]


def test_models_are_loaded_once_per_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = classify_lightcurves.kept_models(SHIPPED_MODELS / "xgb" / "starter")
    again = classify_lightcurves.kept_models(SHIPPED_MODELS / "xgb" / "starter")
    assert first is again
    assert first.classifier("vnv") is again.classifier("vnv")


def test_a_configuration_that_changes_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "pnp_xgb" in scope.classify(curves()).schema.names
    Path("config.yaml").write_text("inference: {algorithms: [dnn]}\n")
    assert "pnp_xgb" not in scope.classify(curves()).schema.names
    Path("config.yaml").write_text("no_such_key: 1\n")
    with pytest.raises(ConfigError, match="no_such_key"):
        scope.classify(curves())
    with pytest.raises(NotFoundError, match="absent"):
        scope.classify(curves(), config_path="absent.yaml")


def test_what_are_no_light_curves_is_said() -> None:
    with pytest.raises(InputError, match=r"light curves of an unknown kind.*list"):
        scope.classify([1, 2])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="frequencies of classes"):
        scope.classify(curves(), frequencies="equal")
    # Not the temporary file that they were written to.
    with pytest.raises(MissingColumnError, match=r"light-curve file what was given.*magerr"):
        scope.classify(table_of(curves()).drop_columns(["magerr"]))


def test_importing_the_package_imports_nothing_of_it() -> None:
    code = "import sys, scope; print(sorted(n for n in sys.modules if n.startswith('scope.')))"
    code += "\nassert not {'numpy', 'pyarrow', 'pandas'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
