"""Which class of which taxonomy on Fritz a column of a table means.

A JSON object, column -> ``{"fritz_label": name, "taxonomy_id": number}``. The label
``"None"`` with the number -1 says that a column is not for Fritz.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.checkout import CHECKOUT
from scope.errors import CorruptFileError, InputError, NotFoundError
from scope.fritz.taxonomy import Taxonomy, fetch_taxonomies, read_taxonomies
from scope.jsontext import parse_json

if TYPE_CHECKING:
    from scope.config.model import Config

IGNORED_LABEL, IGNORED_ID = "None", -1

FRITZ_NAMES: Mapping[str, str] = {
    "pulsator": "Pulsating",
    "binary star": "Eclipsing",
    "detached eclipsing MS-MS": "detached MS-MS",
    "W UMa": "W Ursae Maj",
    "RR Lyrae ab": "RRab",
    "RR Lyrae c": "RRc",
    "RR Lyrae d": "RRd",
    "RR Lyrae Blazhko": "Blazhko",
    "Delta Scu": "Delta Scuti",
    "Cepheid type-II": "Population II Cepheid",
    "Beta Lyr": "Beta Lyrae",
    "SRV": "Semiregular",
    "W Virginis": "W Vir",
    "eclipsing WD+dM (NN Ser)": "NN Ser",
    "eclipsing sdB+dM (HW Vir)": "HW Vir",
    "F": "Fundamental",
    "O": "Overtone",
    "CV": "Cataclysmic",
}
"""Labels of training sets that are called otherwise in the taxonomies of Fritz."""


@dataclass(frozen=True)
class Entry:
    """A class on Fritz."""

    fritz_label: str
    taxonomy_id: int


class TaxonomyMap(dict[str, "Entry | None"]):
    """Column -> class on Fritz, or None where the column is not for Fritz."""

    @property
    def wanted(self) -> dict[str, Entry]:
        """The columns that mean a class."""
        return {name: entry for name, entry in self.items() if entry is not None}

    def columns_of(self, label: str, taxonomy_id: int) -> list[str]:
        """Return the columns that mean a class; several may."""
        return [name for name, entry in self.items() if entry == Entry(label, taxonomy_id)]

    def check(self, taxonomies: Sequence[Taxonomy], columns: Iterable[str] | None = None) -> None:
        """Check that the classes are in their taxonomies.

        Raises
        ------
        InputError
            If a taxonomy or a class of it is not there.
        """
        known = {taxonomy.id: taxonomy for taxonomy in taxonomies}
        chosen = self.wanted
        for name in chosen if columns is None else columns:
            entry = chosen[name]
            if entry.taxonomy_id not in known:
                raise InputError(
                    f"taxonomy of the column {name!r} that is not on Fritz, or not for you",
                    value=entry.taxonomy_id,
                    allowed=[f"{item.id} ({item.name})" for item in taxonomies]
                    or "none: the token sees no taxonomy",
                    todo="correct the taxonomy map (`scope taxonomy-map` makes a new one), or ask "
                    "to be added to a group that uses the taxonomy",
                )
            if entry.fritz_label not in known[entry.taxonomy_id].classes:
                raise InputError(
                    f"class of the column {name!r} that is not in taxonomy {entry.taxonomy_id}",
                    value=entry.fritz_label,
                    allowed=sorted(known[entry.taxonomy_id].classes),
                    todo="correct the taxonomy map; `scope taxonomy-map` makes a new one",
                )

    def to_json(self) -> str:
        """Return the text of the file."""
        content = {
            name: {
                "fritz_label": entry.fritz_label if entry else IGNORED_LABEL,
                "taxonomy_id": entry.taxonomy_id if entry else IGNORED_ID,
            }
            for name, entry in self.items()
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def find_map(path: str | Path) -> Path:
    """Return a map of this name: as it is, else in config/ here, else of the checkout.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    path = Path(path)
    shipped = CHECKOUT / "config"
    for candidate in (path, Path("config") / path.name, shipped / path.name):
        if candidate.is_file():
            return candidate
    raise NotFoundError(
        "no such taxonomy map",
        value=str(path),
        allowed=sorted(item.name for item in shipped.glob("*_mapper.json")),
        todo="`scope taxonomy-map` makes one",
    )


def read_map(path: str | Path) -> TaxonomyMap:
    """Read and check a map, see `find_map`.

    Raises
    ------
    InputError
        If a column stands twice, or an entry is not as it must be.
    """
    found = find_map(path)

    try:
        content = parse_json(found.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptFileError(
            "taxonomy map that cannot be read", value=str(found), todo=str(error)
        ) from None
    if not isinstance(content, dict) or not content:
        raise InputError(f"taxonomy map without columns, {found}")
    return TaxonomyMap({name: _entry(name, value, found) for name, value in content.items()})


def _entry(name: str, value: Any, path: Path) -> Entry | None:
    def wrong(what: Any, allowed: str) -> InputError:
        return InputError(
            f"column {name!r} of the taxonomy map {path}", value=what, allowed=allowed
        )

    if not isinstance(value, dict) or set(value) != {"fritz_label", "taxonomy_id"}:
        raise wrong(str(value), '{"fritz_label": TEXT, "taxonomy_id": NUMBER}')
    label, number = value["fritz_label"], value["taxonomy_id"]
    if not isinstance(label, str) or not label.strip():
        raise wrong(label, "a fritz_label that is a text")
    if label == IGNORED_LABEL:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise wrong(number, 'a taxonomy_id from 1 on, or the label "None"')
    return Entry(label, number)


def generate_map(
    labels: Mapping[str, str], taxonomies: Sequence[Taxonomy]
) -> tuple[TaxonomyMap, list[str]]:
    """Return a map for columns whose labels are known, and the columns without a class.

    A label is looked for as Fritz calls it (`FRITZ_NAMES`), in the taxonomies in their
    order: first letter by letter, then without regard to case, spaces and hyphens.

    Parameters
    ----------
    labels : mapping of str to str
        Column -> label, as in a training set.
    taxonomies : sequence of Taxonomy

    Returns
    -------
    TaxonomyMap
        With ``None`` for columns without a class.
    list of str
        Those columns.
    """
    result = TaxonomyMap()
    for column, label in labels.items():
        result[column] = _find(FRITZ_NAMES.get(label, label), taxonomies)
    return result, [column for column, entry in result.items() if entry is None]


def _find(label: str, taxonomies: Sequence[Taxonomy]) -> Entry | None:
    for same in (lambda name: name == label, lambda name: _plain(name) == _plain(label)):
        for taxonomy in taxonomies:
            for name in sorted(taxonomy.classes):
                if same(name):
                    return Entry(name, taxonomy.id)
    return None


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def columns_of(kind: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the label of each column of a kind of table; `labels` are those of the tags."""
    if kind == "labels":
        return {label: label for label in ["non-variable", *labels.values()]}
    suffix = "" if kind == "tags" else f"_{kind}"
    return {
        f"nonvar{suffix}": "non-variable",
        **{f"{tag}{suffix}": label for tag, label in labels.items()},
    }


def write_map(
    output: str,
    report: Callable[[str], None],
    *,
    columns: str = "tags",
    taxonomies: str | None = None,
    taxonomy_ids: Sequence[int] | None = None,
    config_path: str | None = None,
) -> None:
    """Write which classes on Fritz the columns of our tables mean, and say which have none.

    Parameters
    ----------
    output : str
        Map to write, JSON.
    report : callable
        Gets what is to be said, line by line.
    columns : str
        Kind of table: ``labels``, ``tags``, ``p`` or an algorithm.
    taxonomies : str, optional
        JSON or YAML list of {id, name, hierarchy}; by default those of Fritz.
    taxonomy_ids : sequence of int, optional
        Which of them, those first in which names are looked for first; by default all.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    NotFoundError
        If there is no such taxonomy.
    """
    from scope.config.load import load_config
    from scope.io import write_bytes

    config = load_config(config_path=config_path)
    chosen = _taxonomies(taxonomies, config, report)
    if taxonomy_ids:
        known = {each.id: each for each in chosen}
        for number in taxonomy_ids:
            if number not in known:
                raise NotFoundError("no such taxonomy", value=number, allowed=known)
        chosen = [known[number] for number in taxonomy_ids]
    made, missing = generate_map(columns_of(columns, config.class_labels()), chosen)
    write_bytes(made.to_json().encode(), output)
    report(f"{len(made) - len(missing)} of {len(made)} columns have a class: {output}")
    for column in missing:
        report(f"no class for {column}: write it by hand, or leave it out of uploads")


def _taxonomies(path: str | None, config: Config, report: Callable[[str], None]) -> list[Taxonomy]:
    if path:
        return read_taxonomies(path)
    from scope.fritz.server import open_fritz

    with open_fritz(config, report) as fritz:
        return fetch_taxonomies(fritz)
