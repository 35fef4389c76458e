"""Names of algorithms and tasks: what is there, what a configuration adds, what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scope.errors import ConfigError
from scope.models import Algorithm, algorithms_for, find_algorithm
from scope.plugins import ALGORITHMS, TASKS, Registry


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry of a package with two modules, one of which cannot be imported."""
    package = tmp_path / "fruits_of_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "apple.py").write_text("class Apple:\n    name = 'apple'\nFRUIT = Apple()\n")
    (package / "broken.py").write_text("import there_is_no_such_module\n")
    (package / "_core.py").write_text("")
    (tmp_path / "my_fruit.py").write_text("class Pear:\n    name = 'pear'\nNOTHING = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("fruits_of_test", "fruits_of_test.apple", "my_fruit"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setenv("SCOPE_FRUITS", "")
    return Registry("fruit", "fruits_of_test", "FRUIT")


def test_modules_of_the_package_are_the_names(registry):
    assert registry.names == ("apple", "broken")
    assert registry.get("apple").name == "apple"
    assert registry.get("apple") is registry.get("apple")


def test_names_are_told_without_an_import(registry):
    assert "fruits_of_test.apple" not in sys.modules
    assert "apple" in registry
    assert "fruits_of_test.apple" not in sys.modules


def test_a_line_of_the_configuration_adds_one(registry):
    registry.add({"pear": "my_fruit:Pear"})
    registry.add({"pear": "my_fruit:Pear"})
    assert registry.names == ("apple", "broken", "pear")
    assert registry.get("pear").name == "pear"


def test_processes_that_are_started_know_it(registry):
    registry.add({"pear": "my_fruit:Pear"})
    code = "from scope.plugins import Registry; print(*Registry('fruit', 'xml', 'F').names)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "pear"


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ({"apple": "my_fruit:Pear"}, "name is taken"),
        ({"Pear": "my_fruit:Pear"}, "name that cannot be used"),
        ({"my_pear": "my_fruit:Pear"}, "name that cannot be used"),
        ({"pear": "my_fruit"}, "whose place is none"),
        ({"pear": "my_fruit:Pear,plum=os:system"}, "whose place is none"),
    ],
)
def test_what_cannot_be_added_is_refused(registry, places, words):
    with pytest.raises(ConfigError, match=words):
        registry.add(places)
    assert registry.names == ("apple", "broken")


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("pear", "my_fruit:Plum", "cannot be loaded"),
        ("plum", "my_fruit:Pear", "calls itself otherwise"),
        ("plum", "no_such_module_at_all:Plum", "cannot be loaded"),
        ("plum", "my_fruit:NOTHING", "calls itself otherwise"),
    ],
)
def test_a_place_without_the_thing_is_an_error_that_names_it(registry, name, place, words):
    registry.add({name: place})
    with pytest.raises(ConfigError, match=words) as caught:
        registry.get(name)
    assert place in str(caught.value)


def test_an_unknown_name_is_answered_with_those_there_are(registry):
    with pytest.raises(ConfigError, match=r"apple, broken"):
        registry.get("cherry")
    with pytest.raises(ConfigError, match="there_is_no_such_module"):
        registry.get("broken")


def test_every_built_in_algorithm_is_one_and_serves_what_has_its_inputs():
    for name in ALGORITHMS:
        found = find_algorithm(name)
        assert isinstance(found, Algorithm)
        assert found.name == name
        assert found.suffix.startswith(".")
        assert name in algorithms_for(found.inputs)
        assert name not in algorithms_for([])


def test_the_library_for_models_quotes_no_name_of_a_task_or_algorithm():
    root = Path(__file__).resolve().parents[1] / "scope" / "models"
    names = [*ALGORITHMS, *TASKS]
    files = [path for path in root.rglob("*.py") if "algorithms" not in path.parts]
    quoted = {
        f"{path.name}: {name}"
        for path in files
        for name in names
        for quote in "\"'"
        if f"{quote}{name}{quote}" in path.read_text().partition('"""')[2].partition('"""')[2]
    }
    assert quoted == set()
