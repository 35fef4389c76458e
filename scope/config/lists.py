"""The section of the configuration that names tables of sources."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import model_validator

from scope.config.base import Section, key, matching

ListName = Annotated[
    str, matching(r"[A-Za-z0-9][\w.-]*", "letters, digits, dots, hyphens and underscores")
]


class SourceListSection(Section):
    """A table of sources, by id or by position; a path alone is enough."""

    path: str = key(..., "Parquet, HDF5, CSV or JSON file", min_length=1)
    cone_radius_arcsec: float = key(
        2.0, "around positions, all light curves within it are taken", unit="arcsec", gt=0, le=600
    )
    rows_per_chunk: int = key(
        1000,
        "rows of the table for each unit of work, which has all light curves of its objects; no "
        "number depends on it",
        ge=1,
    )

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value
