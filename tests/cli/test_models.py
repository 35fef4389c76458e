"""``scope models``: what there is, and whether it is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scope.cli.main import main
from tests.small_models import small_bundle


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    for algorithm in ("dnn", "xgb"):
        shutil.copytree(small_bundle(algorithm).folder, folder / algorithm / "small")
    return folder


def test_the_list_has_a_line_per_bundle(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--models-dir", str(models)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["models", "dnn/small", "xgb/small"]
    assert small_bundle("xgb").sha256[:12] in lines[2]
    assert lines[2].split()[1:3] == ["2", "yes"]


def test_the_shipped_models_are_whole(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify", "xgb/starter", "--models-dir", str(root / "models")]) == 0
    assert "classes, whole" in capsys.readouterr().out


def test_models_that_ship_are_there_in_every_folder(
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # As in scoring: those of the working directory first.
    monkeypatch.chdir(tmp_path)
    assert main(["models", "list"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"dnn/small", "xgb/small", "xgb/starter", "fused/starter"} <= set(names)
    shutil.rmtree(models)
    assert main(["models", "show", "xgb/starter"]) == 0
    assert main(["plot-bundle", "models/xgb/starter", "--output", "page.html"]) == 0
    assert main(["plot-bundle", "models/xgb/none", "--output", "none.html"]) == 2
    assert not Path("none.html").exists()
    # A folder that is named is the only one.
    assert main(["models", "list", "--models-dir", "models"]) == 2


def test_show_prints_the_card(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "xgb/small", "--models-dir", str(models)]) == 0
    assert (models / "xgb" / "small" / "card.md").read_text().rstrip() in capsys.readouterr().out


@pytest.mark.parametrize(
    ("algorithm", "name"), [("xgb", "low.ubj"), ("dnn", "red.keras"), ("dnn", "calibration.json")]
)
def test_a_truncated_file_is_found_and_named(
    models: Path, capsys: pytest.CaptureFixture[str], algorithm: str, name: str
) -> None:
    path = models / algorithm / "small" / name
    path.write_bytes(path.read_bytes()[:-100])
    assert main(["models", "verify", "--models-dir", str(models)]) == 2
    out, error = capsys.readouterr()
    assert name in out
    assert "have changed since training" in out
    other = {"dnn": "xgb", "xgb": "dnn"}[algorithm]
    assert f"{other}/small: 2 classes, whole" in out
    assert "error: 1 of 2 bundles" in error


def test_an_unreadable_manifest_has_a_line_too(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models / "xgb" / "small" / "bundle.json").write_text("{")
    assert main(["models", "list", "--models-dir", str(models)]) == 0
    assert "unreadable" in capsys.readouterr().out
    assert main(["models", "verify", "small", "--models-dir", str(models)]) == 2


def test_a_bundle_in_the_wrong_place_is_found(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models / "xgb" / "small").rename(models / "xgb" / "other")
    assert main(["models", "verify", "xgb/other", "--models-dir", str(models)]) == 2
    assert "belongs elsewhere: 'xgb/small'" in capsys.readouterr().out


def test_names_that_are_not_there_are_errors(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "show", "large", "--models-dir", str(models)]) == 2
    assert "allowed: dnn/small, xgb/small" in capsys.readouterr().err
    assert main(["models", "list", "--models-dir", str(models / "dnn")]) == 2
    assert "folder without models" in capsys.readouterr().err
