"""A client of Kowalski, the database of the Zwicky Transient Facility, over penquins.

Duev et al. 2019, MNRAS 489, 3582; https://github.com/skyportal/kowalski. Queries go one by
one, never as a batch of penquins, whose answers come without order and all fail with one.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from scope.errors import ConfigError, NotFoundError, ServiceError
from scope.services.credentials import find_credentials, variable_prefix
from scope.services.kowalski_host import ANSWER_BYTES, KowalskiHost, KowalskiInstance
from scope.services.kowalski_queries import ANY_ORDER, collection_of, find_query
from scope.services.retry import RetryPolicy, TransientError, ask_patiently

SERVICE = "kowalski"
"""Name of the service in the private file."""

MAX_REQUEST_BYTES = 1_000_000
"""The server refuses requests of more than 1 MiB."""

SERVER_SHARE = 0.9
"""Part of our time limit that the server gets: it must give up before we do, or it would go
on with a query that nobody waits for."""

BY_ID = (("_id", 1),)

Document = dict[str, Any]


@dataclass(frozen=True)
class KowalskiOptions:
    """Servers of Kowalski, and how they are asked. It holds no secrets.

    Attributes
    ----------
    hosts : tuple of KowalskiHost
        Those without credentials are not used.
    timeout_seconds : float
        Longest silence of a server that is waited through.
    retry : RetryPolicy
    queries : int
        Queries under way at a time, over all threads of this process.
    answer_bytes : int
        Longest answer that is read, unpacked.
    """

    hosts: tuple[KowalskiHost, ...]
    timeout_seconds: float = 300.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    queries: int = 1
    answer_bytes: int = ANSWER_BYTES

    def __post_init__(self) -> None:
        if not self.timeout_seconds > 0:
            raise ConfigError(
                "timeout of Kowalski", value=self.timeout_seconds, allowed="above 0 seconds"
            )
        if self.queries < 1:
            raise ConfigError("queries under way", value=self.queries, allowed="1 or more")


class Kowalski:
    """Several Kowalski servers as one; none is contacted before it is needed.

    Parameters
    ----------
    options : KowalskiOptions
    instances : sequence of KowalskiInstance, optional
        By default one for each host with credentials.

    Raises
    ------
    ConfigError
        If no host has credentials.
    """

    def __init__(
        self, options: KowalskiOptions, instances: Sequence[KowalskiInstance] | None = None
    ) -> None:
        self.options = options
        self._instances = list(_instances(options) if instances is None else instances)
        self._slots = threading.BoundedSemaphore(options.queries)
        self._lock = threading.Lock()

    def query(self, query: Mapping[str, Any]) -> Any:
        """Send a query, again and again if need be, and return its data.

        Parameters
        ----------
        query : mapping
            ``query_type``, ``query`` and maybe ``kwargs``, as Kowalski documents them; all
            values JSON. The server's time limit is added.

        Returns
        -------
        object
            The data; None where the answer has none (``find_one`` without a match).

        Raises
        ------
        AccessError
            At once, if a server does not accept our credentials.
        NotFoundError
            If no server has the collection.
        ServiceError
            If a server refuses the query, or none answers until patience is at its end.
        """
        collection = collection_of(query)
        limit = round(1000 * SERVER_SHARE * self.options.timeout_seconds)
        kwargs = {"max_time_ms": max(1, limit), **query.get("kwargs", {})}
        request = {**query, "kwargs": kwargs}
        size = len(json.dumps(request))
        if size > MAX_REQUEST_BYTES:
            raise ServiceError(
                "query that is too large for Kowalski",
                value=f"{size} bytes",
                allowed=f"at most {MAX_REQUEST_BYTES}",
                todo="ask for fewer ids or positions at a time",
            )
        return ask_patiently(
            lambda: self._send(collection, request),
            self.options.retry,
            what=f"Kowalski, {query.get('query_type')} in {collection}",
            todo="see whether the server is up, or raise kowalski.patience_seconds",
        )

    def map(self, queries: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
        """Yield the data of queries in their order, several of them under way.

        A query that fails for good raises when its turn comes; those before it are
        not lost. At most twice as many answers as queries under way are in memory.
        """
        workers = self.options.queries
        if workers == 1:
            yield from map(self.query, queries)
            return
        waiting: deque[Future[Any]] = deque()
        with ThreadPoolExecutor(workers, thread_name_prefix=SERVICE) as pool:
            try:
                for query in queries:
                    waiting.append(pool.submit(self.query, query))
                    if len(waiting) >= 2 * workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def find(
        self,
        collection: str,
        condition: Mapping[str, Any],
        projection: Mapping[str, int],
        *,
        limit: int | None = None,
        sort: Sequence[tuple[str, int]] = ANY_ORDER,
    ) -> list[Document]:
        """Return the documents that meet a condition; see `find_query`."""
        query = find_query(collection, condition, projection, limit=limit, sort=sort)
        found: list[Document] = self.query(query)
        return found

    def count(self, collection: str, condition: Mapping[str, Any]) -> int:
        """Return how many documents meet a condition."""
        query = {"catalog": collection, "filter": dict(condition)}
        return int(self.query({"query_type": "count_documents", "query": query}))

    def pages(
        self,
        collection: str,
        condition: Mapping[str, Any],
        projection: Mapping[str, int],
        *,
        ids: tuple[int, int],
        rows: int,
        places: Mapping[str, Any] | None = None,
    ) -> Iterator[list[Document]]:
        """Yield the documents of a range of ids that meet a condition, by ascending ``_id``.

        Each page begins after the last id of the one before it: nothing is read twice or
        skipped, whatever the server does between two pages.

        Parameters
        ----------
        collection : str
        condition : mapping
        projection : mapping
            ``_id`` is always among what is returned.
        ids : tuple of int
            Lowest id, and the id before which the range ends.
        rows : int
            Documents of a page.
        places : mapping, optional
            Fields that documents of this range have, where they have them. Documents without
            them are returned too, and documents with them and other ids are noticed.

        Raises
        ------
        ServiceError
            If the server counts other documents than it returned, or some have other ids.
        """
        lowest, end = ids
        if places is None:
            expected = self.count(collection, condition)
        else:
            within = {**condition, "_id": {"$gte": lowest, "$lt": end}}
            expected = self.count(collection, within)
            some = self.find(collection, within, dict.fromkeys(places, 1), limit=1)
            # Where documents have no places there is nothing to count, and no index to do it by.
            if not some or set(places) & set(some[0]):
                self._check_places(collection, within, places)
        got = 0
        while got < expected:
            page = self.find(
                collection,
                {**condition, "_id": {"$gte": lowest, "$lt": end}},
                {**projection, "_id": 1},
                limit=rows,
                sort=BY_ID,
            )
            if not page:
                break
            got += len(page)
            lowest = page[-1]["_id"] + 1
            yield page
        if got != expected:
            raise ServiceError(
                f"incomplete list from Kowalski, collection {collection}",
                value=f"{got} of {expected} documents with {dict(condition)}",
                todo="try again; if it stays so, ids of the collection have another form",
            )

    def _check_places(
        self, collection: str, within: Mapping[str, Any], places: Mapping[str, Any]
    ) -> None:
        """Check that all documents of some places are within a range of ids."""
        anywhere = {key: value for key, value in within.items() if key != "_id"}
        everywhere = self.count(collection, {**anywhere, **places})
        here = self.count(collection, {**within, **places})
        if everywhere != here:
            raise ServiceError(
                f"incomplete list from Kowalski, collection {collection}",
                value=f"{here} of {everywhere} documents with {dict(places)}",
                todo="ids of the others have another form",
            )

    def _send(self, collection: str, query: Mapping[str, Any]) -> Any:
        """Make one attempt on the best server that has the collection."""
        instance = self._best(collection)
        with self._slots:
            with self._lock:
                instance.under_way += 1
            failed = True
            try:
                data = instance.ask(query)
                failed = False
                return data
            finally:
                with self._lock:
                    instance.under_way -= 1
                    instance.failures = instance.failures + 1 if failed else 0

    def _best(self, collection: str) -> KowalskiInstance:
        """Return the least busy server of those that have a collection."""
        holders, silent = self._holders(collection)
        if not holders and not silent:
            # Collections are listed when we connect; one may have come since.
            holders = [item for item in self._instances if collection in item.refresh()]
        if not holders:
            if silent:
                raise silent[0]
            names = sorted(frozenset().union(*(item.collections() for item in self._instances)))
            raise NotFoundError(
                f"no such collection on {', '.join(item.name for item in self._instances)}",
                value=collection,
                allowed=names,
                todo="check kowalski.collections, or give credentials for another host",
            )
        with self._lock:
            return min(holders, key=lambda item: (item.failures, item.under_way))

    def _holders(self, collection: str) -> tuple[list[KowalskiInstance], list[TransientError]]:
        """Return the servers that have a collection, and why others did not say."""
        holders = [
            item
            for item in self._instances
            if item.connected and not item.failures and collection in item.collections()
        ]
        if holders:
            # Nobody waits for a server that is down where another one serves.
            return holders, []
        silent = []
        for instance in self._instances:
            try:
                if collection in instance.collections():
                    holders.append(instance)
            except TransientError as error:
                silent.append(error)
        return holders, silent


def _instances(options: KowalskiOptions) -> Iterator[KowalskiInstance]:
    """Yield a server for each host with credentials."""
    found = False
    for host in options.hosts:
        credentials = find_credentials(SERVICE, host.name)
        if credentials is not None:
            found = True
            yield KowalskiInstance(
                host,
                credentials,
                timeout_seconds=options.timeout_seconds,
                connections=options.queries,
                answer_bytes=options.answer_bytes,
            )
    if not found:
        names = [f"{variable_prefix(host.name)}_TOKEN" for host in options.hosts]
        raise ConfigError(
            "no credentials for any Kowalski host",
            value=", ".join(host.name for host in options.hosts) or "no hosts",
            todo=f"set one of the environment variables {', '.join(names)}, or write the token "
            "into private.yaml, as config/README.md says",
        )
