"""What failed the check of nulls is not uploaded, by whatever table it comes."""

import pandas as pd
import pytest

from scope.cli.upload_classification import main
from scope.errors import UsageError
from scope.fritz.field_check import require_field_check
from scope.io import read_dataframe, write_dataframe

FAILED = {"field_check": {"passed": False, "failed": ["pnp", "vnv"]}}


def test_a_table_that_failed_is_refused_and_says_how_to_insist():
    with pytest.raises(UsageError, match=r"pnp, vnv.*--ignore-field-check"):
        require_field_check(FAILED, "field_250.parquet")


def test_it_passes_when_forced_with_a_warning(caplog):
    require_field_check(FAILED, "field_250.parquet", forced=True)
    assert "pnp, vnv" in caplog.text


@pytest.mark.parametrize("metadata", [{}, {"field_check": {"passed": True, "failed": []}}])
def test_others_pass(metadata):
    require_field_check(metadata, "table.csv")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "h5"])
def test_the_command_refuses_every_format(tmp_path, suffix, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"ra": [1.0], "dec": [2.0], "variable": [0.9]})
    table.attrs = dict(FAILED)
    write_dataframe(table, f"table.{suffix}")
    assert read_dataframe(f"table.{suffix}").attrs == FAILED
    options = ["--taxonomy-map", "none.json", "--classification", "variable", "--group-ids", "1"]
    assert main(["--file", f"table.{suffix}", *options]) == 2
    assert "--ignore-field-check" in capsys.readouterr().err
