"""The section of the configuration about events of the General Coordinates Network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from scope.config.base import WHOLE, Section, key

GroupId = Annotated[int, Field(ge=1)]


def _groups_by_tag() -> dict[str, tuple[int, ...]]:
    return {"GRB": (48,), "Fermi": (48,)}


class GcnSection(Section):
    """Events that are followed, and what is posted about the sources in them."""

    folder: str = key(
        "gcn", "where tables, pictures and the memory of what is done are kept", min_length=1
    )
    tags: tuple[str, ...] = key(
        ("GRB", "Fermi", "GW"), "events with one of these tags are followed; none takes all events"
    )
    days_ago: float = key(7.0, "events older than this are left alone", unit="d", gt=0)
    days_range: float = key(
        7.0, "sources count that were detected within this time after the event", unit="d", gt=0
    )
    contour: float = key(
        0.95, "part of the probability that the sources' contour encloses", gt=0, lt=1
    )
    query_group_ids: tuple[GroupId, ...] = key(
        (), "groups on Fritz whose sources count; none takes all that the token sees"
    )
    radius_arcsec: float = key(
        0.5, "light curves this near to a source are taken for it", unit="arcsec", gt=0, le=600
    )
    rows_per_chunk: int = key(1000, "sources for each unit of work; no number depends on it", ge=1)
    statistic: Literal["mean", "median", "max"] = key(
        "mean", "how the scores of a source's light curves become one"
    )
    post: bool = key(True, "post classifications from thresholds.posting on")
    post_doubtful: bool = key(
        False,
        "post also what the models cannot be trusted with: stars unlike all of training, periodic "
        "classes where the period may stand for a slow change, classes that fail the field check",
    )
    post_probabilities: bool = key(
        False, "post calibrated probabilities, of classes that have them, in place of scores"
    )
    post_group_ids: tuple[GroupId, ...] = key((1544,), "groups on Fritz to post to")
    post_group_ids_by_tag: Annotated[dict[str, tuple[GroupId, ...]], WHOLE] = Field(
        default_factory=_groups_by_tag,
        description="groups to post to instead, for events with a tag; GW keeps post_group_ids; a "
        "map given here replaces this one",
    )
    taxonomy_map: str = key(
        "fritz_mapper.json", "classes on Fritz that the scores mean", min_length=1
    )
    remember_days: float = key(
        180.0, "a source that is done is left alone for so long", unit="d", ge=0
    )
    time_limit_minutes: float = key(
        115.0, "a run ends after this time; the next one goes on", unit="min", gt=0
    )
