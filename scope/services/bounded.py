"""Answers of a service, up to a size: an answer without end must not fill the memory.

`requests` reads a body to its end, and has no limit that holds for what is unpacked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import requests
from requests.adapters import BaseAdapter

from scope.errors import ServiceError


class BoundedAdapter(BaseAdapter):
    """Carries requests as another adapter does, and reads no answer beyond a size.

    Parameters
    ----------
    inner : requests.adapters.BaseAdapter
    service : str
        Its name, for messages.
    most_bytes : int
        Of the answer once it is unpacked: a compressed one may be a thousand times as long.
    moved : callable, optional
        Returns the exception for an answer that sends us elsewhere; it is raised before anything
        goes there. By default such answers are handed on.
    """

    def __init__(
        self,
        inner: BaseAdapter,
        service: str,
        most_bytes: int,
        moved: Callable[[int], Exception] | None = None,
    ) -> None:
        super().__init__()
        self._inner, self._service, self._most = inner, service, most_bytes
        self._moved = moved

    def send(self, request: requests.PreparedRequest, *args: Any, **keys: Any) -> requests.Response:
        """Send a request; see `requests.adapters.BaseAdapter.send`."""
        answer = self._inner.send(request, *args, **keys)
        if self._moved is not None and 300 <= answer.status_code < 400:
            answer.close()
            raise self._moved(answer.status_code)
        if hasattr(answer.raw, "stream"):
            answer.raw = _Bounded(answer.raw, self._service, self._most)
        return answer

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()


class _Bounded:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body: Any, service: str, most: int) -> None:
        self._body, self._service, self._most, self._got = body, service, most, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def stream(self, amt: int = 2**16, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield the body piece by piece, unpacked."""
        for piece in self._body.stream(amt, decode_content=decode_content):
            yield self._counted(piece)

    def read(self, amt: int | None = None, *args: Any, **keys: Any) -> bytes:
        """Return some of the body; no more than the limit and one byte."""
        amt = self._most + 1 if amt is None else amt
        return self._counted(self._body.read(amt, *args, **keys))

    def _counted(self, piece: bytes) -> bytes:
        self._got += len(piece)
        if self._got > self._most:
            self._body.close()
            raise ServiceError(
                f"answer of {self._service} that is longer than is read of one",
                value=f"over {self._got} bytes, unpacked",
                allowed=f"at most {self._most}",
                todo="ask for less at a time; if it stays so, the server is not what it was",
            )
        return piece


def too_deep(service: str) -> ServiceError:
    """Return the error for JSON that is nested deeper than is read."""
    return ServiceError(
        f"answer of {service} that is nested too deep",
        allowed="lists and objects in each other as the service documents them",
        todo="check the address of the service; tell whoever keeps it",
    )
