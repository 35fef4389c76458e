"""The files of config/ and the declarations that they are written from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scope.config import Config
from scope.config.generate import generate, generated_files
from scope.config.load import read_layer

NAMES = ("config.yaml", "features.yaml", "classes.yaml", "schema.json", "README.md")


@pytest.mark.parametrize("name", NAMES)
def test_the_generated_file_is_up_to_date(root: Path, name: str) -> None:
    assert (root / "config" / name).read_text() == generated_files()[name], (
        "run `scope config generate` and commit what it writes"
    )


def test_the_files_alone_give_the_defaults(root: Path) -> None:
    values: dict[str, Any] = {}
    for name in NAMES[:3]:
        for key, value in read_layer(root / "config" / name).values.items():
            values[key] = {**values.get(key, {}), **value} if isinstance(value, dict) else value
    config = Config.model_validate(values)
    assert config.features.ontological == Config().features.ontological
    assert config.training == Config().training
    assert config.model_dump(exclude={"features"}) == Config().model_dump(exclude={"features"})


def test_files_that_are_up_to_date_are_left_alone(tmp_path: Path) -> None:
    assert len(generate(tmp_path)) == 5
    assert generate(tmp_path) == []
    (tmp_path / "README.md").write_text("mine")
    assert generate(tmp_path) == [tmp_path / "README.md"]


def test_the_schema_accepts_the_files_and_refuses_a_typo(root: Path) -> None:
    schema = json.loads((root / "config" / "schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for name in NAMES[:3]:
        validator.validate(yaml.safe_load((root / "config" / name).read_text()))
    assert list(validator.iter_errors({"archiv": "x"}))
    assert list(validator.iter_errors({"thresholds": {"label": 2}}))


def test_every_key_is_in_the_table_with_a_meaning(root: Path) -> None:
    text = (root / "config" / "README.md").read_text()
    for name in ("period_search.max_freq", "min_n_lc_points", "algorithms", "archive", "epsilon"):
        assert f"| `{name}` |" in text
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    assert all(row[-2].strip() for row in rows)


def test_units_stand_behind_the_meaning() -> None:
    text = generated_files()["config.yaml"]
    assert "highest trial frequency [1/d]" in text
    assert all(len(line) <= 100 for line in text.splitlines())
