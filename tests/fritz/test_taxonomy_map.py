"""Taxonomies and the maps from columns to their classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scope.cli import main as scope_main
from scope.cli import post_taxonomy
from scope.config import Config
from scope.errors import InputError
from scope.fritz.taxonomy import read_hierarchy, read_taxonomies
from scope.fritz.taxonomy_map import Entry, read_map
from tests.services.fritz_sky import HIERARCHY

SHIPPED = {
    "golden_dataset_mapper.json": "labels",
    "DNN_AL_mapper.json": "dnn",
    "XGB_AL_mapper.json": "xgb",
    "fritz_mapper.json": "tags",
}

DOCUMENTED = """{
  "variable": {"fritz_label": "variable", "taxonomy_id": 1012},
  "periodic": {"fritz_label": "periodic", "taxonomy_id": 1012},
  "CV": {"fritz_label": "Cataclysmic", "taxonomy_id": 1011}
}"""


def test_the_documented_map_is_read(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text(DOCUMENTED)
    found = read_map(tmp_path / "map.json")
    assert found["CV"] == Entry("Cataclysmic", 1011)
    golden = read_map("golden_dataset_mapper.json")
    # entries that the published map has, too
    for column in found:
        assert golden[column] == found[column]
    assert golden["W UMa"] == Entry("W Ursae Maj", 1011)
    assert golden["RR Lyrae ab"] == Entry("RRab", 1011)
    assert read_map("DNN_AL_mapper.json")["bis_dnn"] == Entry("Eclipsing", 1011)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_maps_are_what_the_command_makes(name: str, tmp_path: Path, root: Path) -> None:
    output = tmp_path / name
    taxonomies = str(root / "config" / "fritz_taxonomies.json")
    options = ["--columns", SHIPPED[name], "--taxonomies", taxonomies, "--output", str(output)]
    assert scope_main.main(["taxonomy-map", *options]) == 0
    assert output.read_text() == (root / "config" / name).read_text()
    made = read_map(output)
    made.check(read_taxonomies(taxonomies))
    assert len(made) == len(Config().training.classes) + 1
    # The taxonomies of Fritz that the maps are of have no class for transients.
    assert len(made.wanted) == len(made) - 1


def test_a_map_is_made_from_the_taxonomies_of_fritz(stub, capsys) -> None:
    assert scope_main.main(["taxonomy-map", "--columns", "labels", "--output", "m.json"]) == 0
    made = read_map("m.json")
    assert made["flaring"] == Entry("flaring", 1)
    assert made["CV"] == Entry("Cataclysmic", 1)
    assert made["AGN"] is None
    assert "no class for AGN" in capsys.readouterr().out
    assert json.loads(Path("m.json").read_text())["AGN"] == {
        "fritz_label": "None",
        "taxonomy_id": -1,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "without columns"),
        ('{"a": {"fritz_label": "A"}}', "column 'a'"),
        ('{"a": {"fritz_label": "A", "taxonomy_id": "1"}}', "taxonomy_id from 1 on"),
        ('{"a": {"fritz_label": "A", "taxonomy_id": -1}}', "taxonomy_id from 1 on"),
        ('{"a": {"fritz_label": "A", "taxonomy_id": 1, "x": 1}}', "column 'a'"),
        ('{"a": {"fritz_label": "A", "taxonomy_id": 1, "taxonomy_id": 2}}', "stands twice"),
        (
            '{"a": {"fritz_label": "A", "taxonomy_id": 1}, '
            '"a": {"fritz_label": "B", "taxonomy_id": 1}}',
            "stands twice",
        ),
    ],
)
def test_a_wrong_map_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_map(tmp_path / "map.json")


def test_a_taxonomy_is_posted_once(stub, capsys) -> None:
    Path("tree.yaml").write_text("variable:\n  periodic:\n    - EA\n    - EW\n  flaring:\n")
    command = ["--taxonomy", "tree.yaml", "--group-ids", "4", "--name", "New", "--version", "2"]
    assert post_taxonomy.main([*command, "--dry-run"]) == 0
    assert stub.written() == []
    for _ in range(2):
        assert post_taxonomy.main([*command, "--provenance", "a test"]) == 0
        assert "taxonomy 2: 5 classes" in capsys.readouterr().out
    posted = [one for one in stub.call("GET", "/api/taxonomy") if one["name"] == "New"]
    assert len(posted) == 1
    assert posted[0]["hierarchy"] == {
        "class": "variable",
        "subclasses": [
            {"class": "periodic", "subclasses": [{"class": "EA"}, {"class": "EW"}]},
            {"class": "flaring"},
        ],
    }
    assert posted[0]["provenance"] == "a test"
    Path("tree.yaml").write_text("variable:\n")
    assert post_taxonomy.main(command) == 2
    assert "choose another version" in capsys.readouterr().err


def test_a_tree_is_read_as_the_server_has_it(tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    path.write_text(json.dumps(HIERARCHY))
    assert read_hierarchy(path) == HIERARCHY
    path.write_text('{"class": "a", "subclasses": [{"class": "a"}]}')
    with pytest.raises(InputError, match="stands twice"):
        read_hierarchy(path)
    path.write_text('{"class": "a", "klass": 1}')
    with pytest.raises(InputError, match="unknown key"):
        read_hierarchy(path)
