"""A key that stands twice in a file of people is an error that names it, not the last value.

RFC 8259 leaves the behaviour open ("names within an object SHOULD be unique"), YAML 1.2 forbids it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scope.config.load import load_config
from scope.errors import ScopeError
from scope.fritz.taxonomy import read_hierarchy
from scope.fritz.taxonomy_map import read_map
from scope.io import write_bytes
from scope.jsontext import parse_json
from scope.surveys.catalogue_map import CatalogueMap
from scope.surveys.label_map import LabelMap
from scope.targets.lists import read_source_list

PLACE = '{"radec_geojson": {"coordinates": [-100, 5]}}'
ENTRY = '{"fritz_label": "A", "taxonomy_id": 1}'
DOORS: list[tuple[str, str, Callable[[Path], object]]] = [
    ("list.json", f'{{"7": {PLACE}, "8": {PLACE}, "7": {PLACE}}}', read_source_list),
    ("list.json", '{"7": {"fritz_name": "a", "fritz_name": "b"}}', read_source_list),
    ("map.json", f'{{"7": {ENTRY}, "7": {ENTRY}}}', read_map),
    ("tree.json", '{"class": "a", "class": "b"}', read_hierarchy),
    ("tree.yaml", "class: a\nclass: b\n", read_hierarchy),
    ("labels.yaml", "A: [vnv]\nA: [pnp]\n", LabelMap.load),
    (
        "catalogue.yaml",
        "name: a\nname: b\n",
        lambda path: CatalogueMap.load(path, known=LabelMap({}, frozenset())),
    ),
    ("config.yaml", "archive: a\narchive: b\n", lambda path: load_config(config_path=path)),
]


@pytest.mark.parametrize(("name", "text", "read"), DOORS)
def test_a_key_that_stands_twice_is_named(tmp_path: Path, name, text, read) -> None:
    path = tmp_path / name
    write_bytes(text.encode(), path)
    with pytest.raises(ScopeError, match="stands twice") as error:
        read(path)
    assert name in str(error.value)


@pytest.mark.parametrize("text", ['{"a": 1, "b": 2, "a": 1}', '[{"b": {"a": 1, "a": 2}}]'])
def test_json_names_the_key_at_any_depth(text: str) -> None:
    with pytest.raises(ValueError, match="stands twice in one object: a"):
        parse_json(text)


def test_one_key_in_several_objects_is_none_twice() -> None:
    content = {"a": {"b": 1, "c": [{"b": 2}, {"b": 3}]}, "b": {}}
    assert parse_json(json.dumps(content)) == content


def test_a_tree_file_with_a_key_twice_is_refused(tmp_path: Path) -> None:
    """XGBoost reads such a file in its own way, so that the check would look at something else."""
    from scope.models.trees.tree_file import check_tree_file

    write_bytes(b'{"version": [2, 0, 0], "version": [2, 0, 0]}', tmp_path / "t.json")
    with pytest.raises(ValueError, match="stands twice in one object: version"):
        check_tree_file(tmp_path / "t.json")
