"""The section of the configuration that says where Fritz is and how it is asked."""

from __future__ import annotations

from typing import Literal

from scope.config.base import Section, key
from scope.config.kowalski import Port


class FritzSection(Section):
    """The server to which classifications are posted; its token has no place here."""

    host: str = key("fritz.science", "its address", min_length=1)
    port: Port | None = key(None, "its port; null is that of the protocol")
    protocol: Literal["https", "http"] = key("https", "its protocol")
    timeout: float = key(
        90.0, "longest silence of the server that is waited through", unit="s", gt=0
    )
    patience_seconds: float = key(
        900.0, "how long a request is repeated while the server fails to answer", unit="s", ge=0
    )
    requests_per_second: float = key(
        4.0, "requests of all your processes together; the server takes 5 of a token", gt=0
    )
    settle_seconds: float = key(
        10.0, "how long a request whose answer was lost may still take effect", unit="s", ge=0
    )
    batch: int = key(100, "classifications that are posted in one request", ge=1, le=200)
    training_set: str = key(
        "fritzDownload/training_set.parquet",
        "what scope-download-classification --update-training-set adds to",
        min_length=1,
    )
