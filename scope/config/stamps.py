"""The section ``stamps``: nights of alerts, and the model that scores them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from scope.config.base import Section, key

Night = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class Stamps(Section):
    """Real or bogus: results/stamps/{night}.parquet, a score for every alert of a night."""

    alerts: dict[Night, str] = key(
        dict, "alert packets by the name of their night: a folder, or a tar archive"
    )
    algorithm: str = key("cnn", "algorithm of the model", min_length=1)
    group: str = key("starter", "group of the model: models/stamps/<algorithm>/<group>")
    chunk: int = key(2000, "packets after which what is scored is safe from a kill", ge=1)
