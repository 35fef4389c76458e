"""A client of Fritz, a SkyPortal server (van der Walt et al. 2019, JOSS 4, 1247).

https://skyportal.io/docs/api.html. Configured once, then asked for paths below ``/api``.
Whatever may have reached the server is not sent again before a look whether it did.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from scope.errors import ConfigError, NotFoundError, RefusedError, ServiceError
from scope.services.credentials import Credentials, find_credentials, variable_prefix
from scope.services.fritz_host import FritzHost, FritzOptions, Json, LostAnswer, as_json
from scope.services.limiter import RateLimiter, limiter_folder
from scope.services.retry import RetryPolicy, ask_patiently

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

__all__ = ["Fritz", "FritzOptions", "LostAnswer", "RetryPolicy"]

SERVICE = "fritz"
"""Name of the service, and of its host, in the private file and in the environment."""

PAGE_ITEMS = 500
"""Items of a page, at most, whatever is asked for."""

PASSES = 3
"""How often a list is read whose items move from page to page meanwhile."""

T = TypeVar("T")


class Fritz:
    """A SkyPortal server; it is not contacted before it is needed.

    Parameters
    ----------
    options : FritzOptions
    credentials : Credentials, optional
        By default those of the environment or the private file.
    transport : requests.adapters.BaseAdapter, optional
        What carries requests, in place of sockets.
    limiter : RateLimiter, optional
        By default one with a file for this server and token.
    dry_run : bool
        Read, but write nothing: what would be sent is reported, and answered with ``{}``.
    report : callable, optional
        Told of each request that a dry run does not send: method, path, body.

    Raises
    ------
    ConfigError
        If there is no token.
    """

    def __init__(
        self,
        options: FritzOptions,
        credentials: Credentials | None = None,
        *,
        transport: BaseAdapter | None = None,
        limiter: RateLimiter | None = None,
        dry_run: bool = False,
        report: Callable[[str, str, Any], None] | None = None,
    ) -> None:
        self.options = options
        self.dry_run = dry_run
        found = _token(credentials or find_credentials(SERVICE, SERVICE))
        self._host = FritzHost(options, found, limiter or _limiter(options, found), transport)
        self._report = report

    def __repr__(self) -> str:
        return f"<Fritz at {self.options.address}>"

    def __enter__(self) -> Fritz:
        return self

    def __exit__(self, *error: object) -> None:
        self._host.close()

    @property
    def version(self) -> str | None:
        """The version that the server gave last."""
        return self._host.version

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the data of a path; parameters that are None are left out.

        Lists are sent as the server reads them, ``group_ids=4,5``.

        Raises
        ------
        NotFoundError
            If the server has no such thing.
        AccessError, RefusedError, ServiceError
            If the token may not, the server will not, or it does not answer.
        """
        return self.patiently(lambda: self.attempt("GET", path, parameters=parameters), path)

    def exists(self, path: str) -> bool:
        """Whether a path leads to something."""
        try:
            self.patiently(lambda: self.attempt("HEAD", path), path)
        except NotFoundError:
            return False
        return True

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Replace something; sent twice it does what it does once."""
        return self._write("PUT", path, body, None)

    def post(self, path: str, body: Mapping[str, Any], *, landed: Callable[[], Any] | None) -> Any:
        """Add something.

        Parameters
        ----------
        path : str
        body : mapping
        landed : callable or None
            Looks whether the thing is there and returns it, or None. It is called, twice
            with a pause, before a request is sent again that may have reached the server.
            None where sending twice does no harm.
        """
        return self._write("POST", path, body, landed)

    def delete(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Remove something. That it is gone is no error if our own request may have done it."""
        in_doubt = False

        def attempt() -> Any:
            nonlocal in_doubt
            try:
                return self.attempt("DELETE", path, body or {})
            except (NotFoundError, RefusedError):
                if in_doubt:
                    return {}
                raise
            except LostAnswer as lost:
                in_doubt = in_doubt or lost.may_have_landed
                raise

        return self.patiently(attempt, path)

    def pages(
        self, path: str, key: str, *, first: int = 1, size: int = PAGE_ITEMS, **parameters: Any
    ) -> Iterator[list[Json]]:
        """Yield a long list page by page, each item once.

        Items that come or go while we read move others from page to page, so pages are
        read again until as many different items came as the server counts.

        Parameters
        ----------
        path, key : str
            The path, and the name of the list in its data.
        first : int
            Page to begin with, from 1.
        size : int
            Items of a page.
        **parameters
            As of `get`. Sources should be sorted by id.

        Raises
        ------
        ServiceError
            If items stay missing.
        """
        seen: set[Any] = set()
        wanted = 0
        for _ in range(PASSES):
            number = first
            while True:
                data = self.get(path, **parameters, pageNumber=number, numPerPage=size)
                # The server may take less than we ask for, and says so.
                effective = int(data.get("numPerPage") or size)
                wanted = max(0, int(data["totalMatches"]) - (first - 1) * effective)
                new = [item for item in data[key] if item["id"] not in seen]
                seen.update(item["id"] for item in new)
                if new:
                    yield new
                if not data[key] or number * effective >= int(data["totalMatches"]):
                    break
                number += 1
            if len(seen) >= wanted:
                return
        raise ServiceError(
            f"incomplete list from Fritz, /api/{path}",
            value=f"{len(seen)} of {wanted} after {PASSES} readings",
            todo="try again when fewer people are at work there",
        )

    def patiently(self, action: Callable[[], T], what: str) -> T:
        """Return what `action` returns, repeated while answers are lost."""
        return ask_patiently(
            action,
            self.options.retry,
            what=f"Fritz, /api/{what}",
            todo="see whether the server is up, or raise fritz.patience_seconds",
        )

    def attempt(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request once, see `FritzHost.attempt`; a dry run sends no writing ones."""
        if self.dry_run and method not in ("GET", "HEAD"):
            as_json(body or {}, path)
            if self._report is not None:
                self._report(method, f"/api/{path}", body)
            return {}
        return self._host.attempt(method, path, body, parameters)

    def settle(self) -> None:
        """Wait until a request whose answer was lost has taken effect, or never will."""
        if not self.dry_run:
            time.sleep(self.options.settle_seconds)

    def _write(
        self, method: str, path: str, body: Mapping[str, Any], landed: Callable[[], Any] | None
    ) -> Any:
        in_doubt = False

        def attempt() -> Any:
            nonlocal in_doubt
            if in_doubt and landed is not None:
                found = landed()
                if found is None:
                    self.settle()
                    found = landed()
                if found is not None:
                    return found
                in_doubt = False
            try:
                return self.attempt(method, path, body)
            except LostAnswer as lost:
                in_doubt = in_doubt or lost.may_have_landed
                raise

        return self.patiently(attempt, path)


def _token(credentials: Credentials | None) -> Credentials:
    if credentials is None or not credentials.token:
        raise ConfigError(
            "no token for Fritz",
            todo=f"set the environment variable {variable_prefix(SERVICE)}_TOKEN, or write "
            "`fritz: {fritz: {token: …}}` into private.yaml",
        )
    return credentials


def _limiter(options: FritzOptions, credentials: Credentials) -> RateLimiter:
    """Return the limiter of all who use this server with this token."""
    whose = hashlib.sha256(f"{options.address}|{credentials.token}".encode()).hexdigest()
    return RateLimiter(
        limiter_folder() / f"{SERVICE}-{whose[:12]}.limit", options.requests_per_second
    )
