"""penquins with sessions of ours: answers are bounded, and credentials go to one host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import penquins
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from scope.errors import ScopeError
from scope.services.bounded import BoundedAdapter

FAILURES = (405, 429, 500, 502, 503, 504)
METHODS = ("get", "post", "put", "patch", "delete", "head")


class BoundedKowalski(penquins.Kowalski):
    """A client of Kowalski; see `penquins.Kowalski`.

    Differs in how a server is added: its user name and password would follow a redirection to
    another host, and its answers would be read however long they are. Requests are not repeated
    here: `scope.services.retry` does that, and penquins would send a slow query four times.
    """

    def add(self, name: str, cfg: Mapping[str, Any], **keys: Any) -> None:
        """Log in to a server and ask for the names of its collections.

        Parameters
        ----------
        name : str
        cfg : mapping
            ``protocol``, ``host``, ``port``, ``token`` or ``username`` and ``password``.
        **keys
            ``timeout``, ``pool_maxsize``, ``answer_bytes`` and ``moved``.

        Raises
        ------
        ValueError
            If that fails; the reason is its cause.
        """
        session = _session(name, **keys)
        self.instances[name] = {
            **cfg,
            "base_url": f"{cfg['protocol']}://{cfg['host']}:{cfg['port']}",
            "session": session,
            "methods": {method: getattr(session, method) for method in METHODS},
        }
        instance = self.instances[name]
        try:
            if instance["token"] is None:
                instance["token"] = self.authenticate(name)
            instance["headers"] = {"Authorization": instance["token"]}
            self.get_catalogs(name)
        except Exception as error:
            del self.instances[name]
            if isinstance(error, ScopeError | RecursionError):
                raise
            raise ValueError(f"no use of {name}") from error


def _session(
    name: str,
    *,
    timeout: Any,
    pool_maxsize: int,
    answer_bytes: int,
    moved: Callable[[int], Exception],
) -> requests.Session:
    session = requests.Session()
    # A ~/.netrc would replace our header.
    session.trust_env = False
    # None is repeated; of these statuses urllib3 makes an error.
    retries = Retry(total=0, status_forcelist=FAILURES, allowed_methods=None)
    inner = penquins.penquins.TimeoutHTTPAdapter(
        timeout=timeout, max_retries=retries, pool_maxsize=pool_maxsize
    )
    assert isinstance(inner, HTTPAdapter)
    adapter = BoundedAdapter(inner, f"Kowalski ({name})", answer_bytes, moved)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
