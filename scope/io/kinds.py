"""How columns of ids, names and positions are called, in tables of whatever origin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scope.errors import InputError, few
from scope.schema import SURVEY_ID_NAMES

LIGHT_CURVE_IDS = ("ztf_id", "ztfid", "ZTFID", "_id", "objectid")
"""Ids of light curves."""

MATCH_IDS = SURVEY_ID_NAMES
"""Ids in other surveys, best first."""

OBJECT_NAMES = ("obj_id", "OBJ_ID", "object_id", "objectID", "name", "fritz_name")
"""Names of objects."""

STAR_NAMES = ("star", "obj_id", "fritz_name")
"""Names that tell which light curves are of one star, best first."""

RA_NAMES = (
    *("ra", "RA", "R.A.", "r.a.", "radeg", "ra_deg"),
    *("_RAJ2000", "RAJ2000", "RA_ICRS", "_RA.icrs", "_RA", "RA_J2000"),
)
DEC_NAMES = (
    *("dec", "DEC", "Dec.", "Decl.", "dedeg", "de_deg", "Dec", "dec_deg"),
    *("_DEJ2000", "DEJ2000", "DE_ICRS", "_DE.icrs", "_DE", "DE_J2000", "DEC_J2000", "DECJ2000"),
)
"""Columns of positions; the last lines are as the CDS (VizieR, SIMBAD) calls them. Pairs stand in
the same order, so that of several systems the same one is taken."""

ID_COLUMNS = frozenset((*LIGHT_CURVE_IDS, *MATCH_IDS))
NAME_COLUMNS = frozenset((*OBJECT_NAMES, *STAR_NAMES, "sourceid", "survey", "survey_id", "class"))

_NAMES_ANY_CASE = frozenset(name.casefold() for name in NAME_COLUMNS)


def is_name(column: str) -> bool:
    """Whether a column holds names, in whatever case it is called."""
    return column not in ID_COLUMNS and column.casefold() in _NAMES_ANY_CASE


def find_column(columns: Iterable[object], wanted: Sequence[str]) -> str | None:
    """Return the column that is called by the first of some names; in any case if in none.

    Raises
    ------
    InputError
        If several columns differ from the names in their case only.
    """
    there = [str(name) for name in columns]
    for name in wanted:
        if name in there:
            return name
    folded = {name.casefold() for name in wanted}
    # ``objectid`` is an id and no other spelling of the name ``objectID``.
    found = [name for name in there if name.casefold() in folded and name not in ID_COLUMNS]
    if len(found) > 1:
        raise InputError("columns of one meaning", value=few(found), allowed="one of them")
    return found[0] if found else None
