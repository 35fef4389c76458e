"""The command ``scope``: its sub-commands, their output and their exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.catalog import publish_catalog
from scope.cli.main import main
from scope.io import read_table, write_table
from scope.surveys.archive import Archive
from tests.catalog.test_publish import write_predictions


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder with the products of one target."""
    for algorithm in ("dnn", "xgb"):
        (tmp_path / algorithm).mkdir()
        source = write_predictions(tmp_path / algorithm, algorithm)
        target = tmp_path / f"results/preds_{algorithm}/field_700.parquet"
        target.parent.mkdir(parents=True)
        source.rename(target)
    publish_catalog(
        [tmp_path / f"results/preds_{name}/field_700.parquet" for name in ("dnn", "xgb")],
        tmp_path / "results/catalog/field_700.parquet",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_summary_counts_rows_reasons_and_classes_and_names_the_products(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["summary", "results/catalog/field_700.parquet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["light", "curves", "300"]
    assert lines[1].split() == ["classified", "200"]
    assert lines[2].split()[:2] == ["too_few_epochs", "100"]
    assert lines[4].split() == ["score", "above", "0.7", "dnn", "xgb"]
    catalog = read_table(results / "results/catalog/field_700.parquet")
    above = [
        sum(score is not None and score > 0.7 for score in catalog[f"vnv_{name}"].to_pylist())
        for name in ("dnn", "xgb")
    ]
    assert lines[5].split() == ["vnv", "variable", *(str(count) for count in above)]
    assert lines[-4:] == [
        "products",
        "  results/preds_dnn/field_700.parquet",
        "  results/preds_xgb/field_700.parquet",
        "  results/catalog/field_700.parquet",
    ]


def test_the_summary_takes_another_threshold_and_predictions(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["summary", "--threshold", "0", "results/preds_xgb/field_700.parquet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[4].split() == ["score", "above", "0", "xgb"]
    assert lines[5].split() == ["vnv", "variable", "200"]


def test_the_threshold_of_the_summary_comes_from_the_configuration(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "config.yaml").write_text("thresholds: {label: 0.25}")
    assert main(["summary", "results/preds_xgb/field_700.parquet"]) == 0
    assert "score above 0.25" in capsys.readouterr().out


def test_verify_reads_products_and_finds_faults(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = results / "results/preds_xgb/field_700.parquet"
    assert main(["verify", str(path)]) == 0
    assert "300 rows, 22 columns, made by gathered 1, imputed 4, preds 5" in capsys.readouterr().out
    content = path.read_bytes()
    path.write_bytes(content[:-1000])
    assert main(["verify", str(path)]) == 2
    assert "truncated" in capsys.readouterr().err
    # one byte in the middle of the data
    path.write_bytes(content[:3000] + bytes([content[3000] ^ 1]) + content[3001:])
    assert main(["verify", str(path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_verify_wants_ascending_ids(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = results / "results/preds_xgb/field_700.parquet"
    table = read_table(path)
    write_table(table.take([1, 0, *range(2, 300)]), path)
    assert main(["verify", str(path)]) == 2
    assert "ids do not ascend" in capsys.readouterr().err


def test_simulate_writes_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["simulate", "--output", str(tmp_path / "sky"), "--n-stars", "3", "--bands", "g"]
    assert main([*argv, "--field", "296", "--quad", "2", "--with_crossmatch", "false"]) == 0
    assert "3 stars" in capsys.readouterr().out
    archive = Archive(tmp_path / "sky")
    assert archive.fields() == [296]
    assert archive.units(296) == ["ccd_01_quad_2"]
    assert not (tmp_path / "sky" / "crossmatch").exists()
    assert main([*argv, "--ccd", "17"]) == 2
    assert main(["simulate", "--n-stars", "3"]) == 2


def test_config_check_says_what_is_wrong_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["config", "check"]) == 0
    assert "configuration is fine" in capsys.readouterr().out
    (tmp_path / "config.yaml").write_text("archiv: here\n")
    assert main(["config", "check"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: unknown key, in config.yaml: 'archiv'")
    assert len(message.splitlines()) == 1


def test_config_generate_writes_into_a_folder_that_exists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "generate", "--output", str(tmp_path)]) == 0
    assert (tmp_path / "schema.json").is_file()
    assert main(["config", "generate", "--output", str(tmp_path)]) == 0
    assert "up to date" in capsys.readouterr().out.splitlines()[-1]
    assert main(["config", "generate", "--output", str(tmp_path / "nowhere")]) == 2


@pytest.mark.parametrize(
    "argv", [[], ["sumary"], ["summary"], ["summary", "--treshold", "1", "x"], ["config"]]
)
def test_a_wrong_command_line_ends_with_status_2_and_one_line(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert len(message.splitlines()) == 1
