"""Objects between processes of this package: read as written, and no program among them."""

from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import scope
from scope.errors import InputError
from scope.io.plain_data import read_plain, write_plain


@dataclass(frozen=True)
class Part:
    values: Any
    name: str = "ä\n"
    made: int = field(default=7, init=False)


class Pair(NamedTuple):
    one: Any
    two: Any = None


def test_values_are_read_as_they_were_written(tmp_path: Path) -> None:
    texts = np.array([["a", None], ["b", "ü"]], dtype=object)
    value = Part(
        {
            "numbers": [1, -1.5, True, None, float("inf"), 2**70, np.float32(0.1), np.int64(2**53)],
            ("a", 1): (Path("x/y"), Part(np.arange(6, dtype=np.int8).reshape(2, 3))),
            "sets": [{1, 2}, frozenset(("a",)), (), []],
            "texts": texts,
            "pair": Pair(1, Pair("a")),
        }
    )
    write_plain(value, tmp_path / "v")
    found = read_plain(tmp_path / "v")
    assert (found.name, found.made) == (value.name, 7)
    numbers = found.values["numbers"]
    assert numbers == value.values["numbers"]
    assert [type(one) for one in numbers] == [type(one) for one in value.values["numbers"]]
    path, part = found.values["a", 1]
    assert path == Path("x/y")
    assert part.values.dtype == np.int8
    np.testing.assert_array_equal(part.values, [[0, 1, 2], [3, 4, 5]])
    assert found.values["pair"] == Pair(1, Pair("a", None))
    assert type(found.values["pair"].two) is Pair
    assert found.values["sets"] == value.values["sets"]
    assert found.values["texts"].tolist() == texts.tolist()
    write_plain([float("nan")], tmp_path / "nan")
    assert np.isnan(read_plain(tmp_path / "nan")[0])


@pytest.mark.parametrize("value", [object(), b"bytes", np.array([object()]), print])
def test_what_is_no_plain_data_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(InputError, match=r"Part\.values"):
        write_plain(Part(value), tmp_path / "v")


class Payload:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_no_file_runs_a_program(tmp_path: Path) -> None:
    mark, path = tmp_path / "ran", tmp_path / "v"
    content = np.array([Payload(mark)], dtype=object)
    for parts in ({"tree": content}, {"tree": np.array('{"array": "a0"}'), "a0": content}):
        with path.open("wb") as file:
            np.savez(file, **parts)
        with pytest.raises(ValueError, match="allow_pickle=False"):
            read_plain(path)
    for content_bytes in (pickle.dumps(Payload(mark)), b"", b"text"):
        path.write_bytes(content_bytes)
        with pytest.raises((ValueError, EOFError)):
            read_plain(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("subprocess", "Popen"),
        ("this", "s"),
        ("scope.io.plain_data", "write_plain"),
        # an alias of another module's class, and a class that is no data class
        ("scope.io.plain_data", "Path"),
        ("scope.errors", "InputError"),
        ("scope.io.plain_data", "json.JSONDecoder"),
        ("collections", "Counter"),
    ],
)
def test_no_file_names_anything_but_data_classes(tmp_path: Path, module: str, name: str) -> None:
    tree = {"object": [module, name, {}]}
    with (tmp_path / "v").open("wb") as file:
        np.savez(file, tree=np.array(json.dumps(tree)))
    with pytest.raises(InputError, match="no file may name"):
        read_plain(tmp_path / "v")
    assert Counter  # imported, and refused all the same


def test_no_module_of_the_library_unpickles() -> None:
    """By its source, so that no new door opens unseen."""
    words = r"pickle\.loads?\(|Unpickler|allow_pickle=True|joblib|read_pickle|pd\.read_hdf"
    found = [
        f"{path.name}: {line.strip()}"
        for path in Path(scope.__file__).parent.rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(words, line)
    ]
    assert not found
