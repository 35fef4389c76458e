"""Labelling by catalogues as a configuration says it."""

from __future__ import annotations

from pathlib import Path

from scope.checkout import CHECKOUT
from scope.config.catalogues import Catalogues
from scope.errors import NotFoundError
from scope.surveys.catalogue_map import CatalogueMap
from scope.surveys.label_light_curves import CatalogueFile, LabelOptions
from scope.surveys.label_map import LabelMap
from scope.surveys.star_catalogue import Reading
from scope.surveys.star_match import MatchOptions

CONFIG_FOLDER = CHECKOUT / "config"
MAPS_FOLDER = CONFIG_FOLDER / "catalogues"


def catalogue_files(section: Catalogues, label_map: str | Path) -> list[CatalogueFile]:
    """Return the tables of a section with their maps, in the order in which they are trusted.

    Parameters
    ----------
    section : Catalogues
    label_map : path
        Of ``config``, or a whole path: the classes that maps of catalogues may name.

    Raises
    ------
    NotFoundError, ConfigError
        If there is no such map, or it cannot be used.
    """
    known = LabelMap.load(CONFIG_FOLDER / label_map)
    return [
        CatalogueFile(
            Path(item.path).expanduser(),
            CatalogueMap.load(map_path(item.map), known),
            Reading(item.columns, item.units),
        )
        for item in section.tables
    ]


def map_path(name: str) -> Path:
    """Return the file of a map, by its name or its path.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    shipped = MAPS_FOLDER / f"{name}.yaml"
    path = shipped if shipped.is_file() else Path(name).expanduser()
    if not path.is_file():
        names = sorted(item.stem for item in MAPS_FOLDER.glob("*.yaml"))
        raise NotFoundError(
            "no such map of a catalogue", value=name, allowed=[*names, "or the path of a YAML file"]
        )
    return path


def label_options(section: Catalogues) -> LabelOptions:
    """Return how labels are made, as a section says."""
    return LabelOptions(
        MatchOptions(
            section.radius_arcsec,
            section.margin_arcsec,
            section.star_radius_arcsec,
            section.faint_mag,
        ),
        section.epoch,
        section.disagreement,
    )
