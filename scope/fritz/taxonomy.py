"""Taxonomies: trees of class names, from files or from the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scope.errors import CorruptFileError, InputError, NotFoundError
from scope.fritz.groups import check_groups
from scope.io.yamltext import parse_yaml
from scope.jsontext import parse_json
from scope.services.fritz import Fritz

CLASS, SUBCLASSES = "class", "subclasses"
ALLOWED_KEYS = (CLASS, SUBCLASSES, "tags", "other names", "comments", "links")


@dataclass(frozen=True)
class Taxonomy:
    """A tree of class names that the server knows by a number.

    Attributes
    ----------
    id : int
    name : str
    classes : frozenset of str
    """

    id: int
    name: str
    classes: frozenset[str]


def read_hierarchy(path: str | Path) -> dict[str, Any]:
    """Read a tree of classes, YAML or JSON.

    Two forms are read: ``class`` and ``subclasses`` as the server has them, or names with
    what is below them (``variable: {periodic: …}``), whose root may be a single name.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If it is no tree of classes, or a class stands twice.
    """
    content = _read(path)
    tree = content if isinstance(content, dict) and CLASS in content else _converted(content, path)
    check_hierarchy(tree, str(path))
    return tree


def check_hierarchy(tree: Any, where: str) -> None:
    """Check the tree of a taxonomy.

    Raises
    ------
    InputError
        If a node has no name or an unknown key, or a class stands twice.
    """
    seen: set[str] = set()
    for node in _nodes(tree, where):
        unknown = [str(name) for name in node if name not in ALLOWED_KEYS]
        if unknown:
            raise InputError(
                f"unknown key in the taxonomy {where}",
                value=", ".join(unknown),
                allowed=ALLOWED_KEYS,
            )
        if node[CLASS] in seen:
            raise InputError(f"class that stands twice in the taxonomy {where}", value=node[CLASS])
        seen.add(node[CLASS])


def class_names(tree: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of all classes of a tree."""
    return frozenset(str(node[CLASS]) for node in _nodes(tree, "of the server"))


def read_taxonomies(path: str | Path) -> list[Taxonomy]:
    """Read taxonomies with their numbers: JSON or YAML, a list as the server sends it."""
    content = _read(path)
    if not isinstance(content, list):
        raise InputError(
            f"file that is no list of taxonomies, {path}", allowed="a list of {id, name, hierarchy}"
        )
    return [_taxonomy(entry, str(path)) for entry in content]


def fetch_taxonomies(fritz: Fritz) -> list[Taxonomy]:
    """Return the taxonomies of the server that the token may see."""
    return [_taxonomy(entry, "of the server") for entry in fritz.get("taxonomy")]


def post_taxonomy(
    fritz: Fritz,
    tree: Mapping[str, Any],
    *,
    name: str,
    version: str,
    group_ids: Sequence[int],
    provenance: str | None = None,
) -> int | None:
    """Give a taxonomy to the server and return its number; None on a dry run.

    A taxonomy with this name and version that is there already is not posted again: its
    number is returned.

    Raises
    ------
    InputError
        If the tree is none, or another one is there with this name and version.
    UsageError
        If a group is not ours.
    """
    check_hierarchy(tree, name)

    def there() -> int | None:
        for entry in fritz.get("taxonomy"):
            if entry["name"] == name and entry["version"] == version:
                if class_names(entry["hierarchy"]) != class_names(tree):
                    raise InputError(
                        f"another taxonomy {name!r} is on Fritz with version {version!r}",
                        value=f"number {entry['id']}",
                        todo="choose another version",
                    )
                return int(entry["id"])
        return None

    if (number := there()) is not None:
        return number
    # The server leaves out groups that are not ours, and does not say so.
    check_groups(fritz, group_ids)
    body = {"name": name, "hierarchy": tree, "version": version, "isLatest": True}
    body |= {"group_ids": list(group_ids)} if group_ids else {}
    body |= {"provenance": provenance} if provenance else {}
    answer = fritz.post("taxonomy", body, landed=there)
    if isinstance(answer, int):
        return answer
    return int(answer["taxonomy_id"]) if answer else None


def _read(path: str | Path) -> Any:
    path = Path(path)
    if not path.is_file():
        raise NotFoundError("no such taxonomy file", value=str(path))
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return parse_json(text)
        return parse_yaml(text)
    except (ValueError, yaml.YAMLError) as error:
        raise CorruptFileError(
            "taxonomy file that cannot be read", value=str(path), todo=str(error).splitlines()[0]
        ) from None


def _taxonomy(entry: Any, where: str) -> Taxonomy:
    if not isinstance(entry, Mapping) or not {"id", "name", "hierarchy"} <= set(entry):
        raise InputError(f"taxonomy {where} without id, name or hierarchy")
    return Taxonomy(int(entry["id"]), str(entry["name"]), class_names(entry["hierarchy"]))


def _nodes(tree: Any, where: str) -> Iterator[Mapping[str, Any]]:
    if not isinstance(tree, Mapping) or not isinstance(tree.get(CLASS), str):
        raise InputError(
            f"taxonomy {where} with a node that has no name",
            value=str(tree)[:80],
            allowed="{class: NAME, subclasses: [...]}",
        )
    yield tree
    below = tree.get(SUBCLASSES) or []
    if not isinstance(below, list):
        raise InputError(f"subclasses of {tree[CLASS]!r} that are no list, taxonomy {where}")
    for node in below:
        yield from _nodes(node, where)


def _converted(content: Any, path: str | Path) -> dict[str, Any]:
    """Return names with what is below them in the form of the server."""
    if not isinstance(content, Mapping) or not content:
        raise InputError(f"file without a tree of classes, {path}")
    nodes = [_node(name, below) for name, below in content.items()]
    return nodes[0] if len(nodes) == 1 else {CLASS: "Time-domain Source", SUBCLASSES: nodes}


def _node(name: Any, below: Any) -> dict[str, Any]:
    if isinstance(below, Mapping) and below:
        return {CLASS: str(name), SUBCLASSES: [_node(*item) for item in below.items()]}
    if isinstance(below, list):
        return {CLASS: str(name), SUBCLASSES: [{CLASS: str(item)} for item in below]}
    return {CLASS: str(name)}
