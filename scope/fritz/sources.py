"""Sources on Fritz: finding one at a position, and saving a new one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scope.errors import NotFoundError, RefusedError, UsageError
from scope.fritz.upload_rows import UploadRow
from scope.identifiers import iau_name
from scope.lightcurves.sky import separation_arcsec, unit_vectors
from scope.services.fritz import Fritz

OUR_PREFIX = "ZTFJ"
USABLE = r"[0-9A-Za-z\-_.+]+"
"""Names for which the server has places for annotations and comments."""

ALREADY_THERE = "already exists"
"""What the server's database says of a source that is saved, or asked to be saved, twice."""

ORIGIN = "Fritz"
PERIOD_ORIGIN = "uploadedperiod"

Json = dict[str, Any]


def get_source(fritz: Fritz, name: str, **parameters: Any) -> Json | None:
    """Return a source with its groups, classifications and annotations; None if unknown."""
    try:
        found: Json = fritz.get(f"sources/{name}", **parameters)
    except NotFoundError:
        return None
    return found


def sources_around(fritz: Fritz, ra: float, dec: float, radius_arcsec: float) -> list[Json]:
    """Return the sources within a radius of a position in degrees, oldest first."""
    pages = fritz.pages(
        "sources",
        "sources",
        ra=ra,
        dec=dec,
        radius=radius_arcsec / 3600.0,
        sortBy="id",
        sortOrder="asc",
    )
    found = [source for page in pages for source in page]
    return sorted(found, key=lambda source: (source["created_at"], source["id"]))


def find_name(
    fritz: Fritz,
    row: UploadRow,
    *,
    radius_arcsec: float,
    use_existing_obj_id: bool,
    match_ids: bool,
    prefix: str = "",
) -> str:
    """Return what a row's source is called on Fritz, or will be.

    The name in the table, if that is wanted; else that of a source at the position, see
    `choose_source`: with `match_ids` one whose annotations hold an id of the row, and of those
    whose names begin with `prefix`; else a name made of the position.

    Raises
    ------
    UsageError
        If the table's name is wanted and there is none.
    """
    if use_existing_obj_id:
        return named(row)
    around = sources_around(fritz, row.ra, row.dec, radius_arcsec)
    around = [source for source in around if source["id"].startswith(prefix)]
    if match_ids:
        around = [source for source in around if _has_survey_id(source, row.survey_ids)]
    found = choose_source(around, row.ra, row.dec)
    return iau_name(row.ra, row.dec) if found is None else str(found["id"])


def named(row: UploadRow) -> str:
    """Return the name that the table has for a row's source.

    Raises
    ------
    UsageError
        If it has none.
    """
    if row.obj_id is None:
        raise UsageError(
            "--use-existing-obj-id with a row that has no obj_id",
            value=f"row {row.number}",
            todo="fill the column obj_id, or leave out the option",
        )
    return row.obj_id


def check_name(name: str, where: str) -> None:
    """Check that annotations and comments can be added to a source of this name.

    The server saves sources with other names, and then finds no place for their notes.

    Raises
    ------
    UsageError
        If it has other characters.
    """
    if not re.fullmatch(USABLE, name):
        raise UsageError(
            f"name of a source that Fritz takes no annotations or comments for, {where}",
            value=name,
            allowed="letters, digits and - _ . +",
        )


def check_place(source: Mapping[str, Any], ra: float, dec: float, radius_arcsec: float) -> None:
    """Check that a source of a name that a table gives lies where the table says.

    A name alone may be another star's: mistyped, shifted by a row, or used again.

    Parameters
    ----------
    source : mapping
        As Fritz has it; one without a position cannot be compared, and passes.
    ra, dec : float
        Position in the table, degrees.
    radius_arcsec : float
        Most that the two positions may be apart.

    Raises
    ------
    UsageError
        If it lies farther away; the message has both positions and how far they are apart.
    """
    if source.get("ra") is None or source.get("dec") is None:
        return
    apart = separation(source, ra, dec)
    if not apart <= radius_arcsec:
        raise UsageError(
            f"source that lies elsewhere, {source['id']}",
            value=f"ra {source['ra']:.7g}, dec {source['dec']:.7g} on Fritz; ra {ra:.7g}, "
            f"dec {dec:.7g} in the table; {apart:.6g} arcsec apart",
            allowed=f"at most {radius_arcsec:g} arcsec",
            todo="mend its name or its position in the table",
        )


def separation(source: Mapping[str, Any], ra: float, dec: float) -> float:
    """Return how far a source of Fritz is from a position [deg], in arcsec."""
    place = unit_vectors([float(source["ra"])], [float(source["dec"])])
    return float(separation_arcsec(place, unit_vectors([ra], [dec]))[0])


def choose_source(around: Sequence[Json], ra: float, dec: float) -> Json | None:
    """Return which of the sources at a position [deg] is meant; None where there is none.

    The newest of those that we named after their position, else the nearest.
    """
    ours = [source for source in around if source["id"].startswith(OUR_PREFIX)]
    if ours:
        return ours[-1]
    return min(around, key=lambda source: separation(source, ra, dec)) if around else None


def _has_survey_id(source: Mapping[str, Any], survey_ids: Sequence[str]) -> bool:
    values = {str(value) for note in source["annotations"] for value in note["data"].values()}
    return not values.isdisjoint(survey_ids)


def group_ids(source: Mapping[str, Any] | None) -> set[int]:
    """Return the groups that a source is saved to; not those that are only asked to save it."""
    groups = (source or {}).get("groups", ())
    return {int(group["id"]) for group in groups if group.get("active", True)}


def requested_group_ids(source: Mapping[str, Any] | None) -> set[int]:
    """Return the groups that are asked to save a source and have not said yes."""
    groups = (source or {}).get("groups", ())
    return {int(group["id"]) for group in groups if not group.get("active", True)}


def save_source(
    fritz: Fritz, name: str, ra: float, dec: float, source: Json | None, groups: Sequence[int]
) -> set[int]:
    """Save a source to groups, with a position only if it is new.

    A position that is sent again moves the source's place in the server's index.

    Returns
    -------
    set of int
        Groups where the server has only filed a request to save it.
    """

    def landed() -> bool | None:
        return set(groups) <= group_ids(get_source(fritz, name)) or None

    if source is None:
        body = {"id": name, "ra": ra, "dec": dec, "group_ids": list(groups), "origin": ORIGIN}
        try:
            fritz.post("sources", body, landed=landed)
            return set()
        except RefusedError:
            # Somebody else may have saved it in the same moment.
            source = get_source(fritz, name)
            if source is None:
                raise
    missing = set(groups) - group_ids(source)
    return _invite(fritz, name, missing, source) if missing else set()


def _invite(fritz: Fritz, name: str, groups: set[int], source: Json) -> set[int]:
    """Save a source to more groups, and return those that are only asked to save it."""
    new = sorted(groups - requested_group_ids(source))

    def left() -> set[int]:
        return groups - group_ids(get_source(fritz, name))

    def landed() -> bool | None:
        there = get_source(fritz, name)
        return set(new) <= group_ids(there) | requested_group_ids(there) or None

    if new:
        try:
            fritz.post("source_groups", {"objId": name, "inviteGroupIds": new}, landed=landed)
        except RefusedError as error:
            # A request that was filed before does not show, where the group is not ours.
            if left() and ALREADY_THERE not in str(error.value):
                raise
    return set() if fritz.dry_run else left()


def annotate(
    fritz: Fritz,
    name: str,
    origin: str,
    data: Mapping[str, Any],
    groups: Sequence[int],
    existing: Sequence[Mapping[str, Any]] | None = None,
    *,
    anew: bool = False,
) -> str:
    """Add values to the annotation of an origin; those of other keys stay, unless it is `anew`.

    There is one annotation of an origin for each source, whoever wrote it.

    Returns
    -------
    str
        ``posted``, ``updated``, or ``there`` if it had these values.
    """

    def of_origin() -> Mapping[str, Any] | None:
        notes = fritz.get(f"sources/{name}/annotations")
        return next((note for note in notes if note["origin"] == origin), None)

    if existing is None:
        note = of_origin()
    else:
        note = next((note for note in existing if note["origin"] == origin), None)
    if note is None:
        body: Json = {"origin": origin, "data": dict(data)}
        body |= {"group_ids": list(groups)} if groups else {}
        try:
            fritz.post(f"sources/{name}/annotations", body, landed=of_origin)
            return "posted"
        except RefusedError:
            # Somebody else may have added one in the same moment.
            note = of_origin()
            if note is None:
                raise
    merged = dict(data) if anew else {**note["data"], **data}
    if merged == note["data"]:
        return "there"
    body = {"origin": origin, "data": merged}
    fritz.put(f"sources/{name}/annotations/{note['id']}", body)
    return "updated"
