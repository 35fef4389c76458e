"""Sources on Fritz: finding one at a position, and saving a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scope.errors import NotFoundError, RefusedError, UsageError
from scope.fritz.rows import UploadRow
from scope.identifiers import iau_name
from scope.services.fritz import Fritz

OUR_PREFIX = "ZTFJ"
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
) -> str:
    """Return what a row's source is called on Fritz, or will be.

    The name in the table, if that is wanted; else that of a source at the position: with
    `match_ids` one whose annotations hold an id of the row, else the newest that we named
    after its position; else a name made of the position.

    Raises
    ------
    UsageError
        If the table's name is wanted and there is none.
    """
    if use_existing_obj_id:
        if row.obj_id is None:
            raise UsageError(
                "--use-existing-obj-id with a row that has no obj_id",
                value=f"row {row.number}",
                todo="fill the column obj_id, or leave out the option",
            )
        return row.obj_id
    around = sources_around(fritz, row.ra, row.dec, radius_arcsec)
    if match_ids:
        around = [source for source in around if _has_survey_id(source, row.survey_ids)]
    else:
        around = [source for source in around if source["id"].startswith(OUR_PREFIX)]
    return str(around[-1]["id"]) if around else iau_name(row.ra, row.dec)


def _has_survey_id(source: Mapping[str, Any], survey_ids: Sequence[str]) -> bool:
    values = {str(value) for note in source["annotations"] for value in note["data"].values()}
    return not values.isdisjoint(survey_ids)


def group_ids(source: Mapping[str, Any] | None) -> set[int]:
    """Return the groups that a source is saved to."""
    return {int(group["id"]) for group in (source or {}).get("groups", ())}


def save_source(
    fritz: Fritz, name: str, ra: float, dec: float, source: Json | None, groups: Sequence[int]
) -> None:
    """Save a source to groups, with a position only if it is new.

    A position that is sent again moves the source's place in the server's index.
    """

    def landed() -> bool | None:
        return set(groups) <= group_ids(get_source(fritz, name)) or None

    if source is not None:
        missing = sorted(set(groups) - group_ids(source))
        if missing:
            _invite(fritz, name, missing)
        return
    body = {"id": name, "ra": ra, "dec": dec, "group_ids": list(groups), "origin": ORIGIN}
    try:
        fritz.post("sources", body, landed=landed)
    except RefusedError:
        # Somebody else may have saved it in the same moment.
        there = get_source(fritz, name)
        if there is None:
            raise
        missing = sorted(set(groups) - group_ids(there))
        if missing:
            _invite(fritz, name, missing)


def _invite(fritz: Fritz, name: str, groups: Sequence[int]) -> None:
    def landed() -> bool | None:
        return set(groups) <= group_ids(get_source(fritz, name)) or None

    body = {"objId": name, "inviteGroupIds": list(groups)}
    fritz.post("source_groups", body, landed=landed)


def annotate(
    fritz: Fritz,
    name: str,
    origin: str,
    data: Mapping[str, Any],
    groups: Sequence[int],
    existing: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """Add values to the annotation of an origin; those of other keys stay.

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
    merged = {**note["data"], **data}
    if merged == note["data"]:
        return "there"
    body = {"origin": origin, "data": merged}
    fritz.put(f"sources/{name}/annotations/{note['id']}", body)
    return "updated"
