"""Tokens, user names and passwords: from the environment, or from a private file."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scope.errors import ConfigError
from scope.io.yamltext import parse_yaml

PRIVATE_FILE = "private.yaml"
"""The private file in the working directory, kept out of git."""

PRIVATE_FILE_VARIABLE = "SCOPE_PRIVATE_FILE"
"""Environment variable that names another private file."""

_KEYS = ("token", "username", "password")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Credentials:
    """Secrets that let us in: a token, or a user name and a password.

    Attributes
    ----------
    token, username, password : str or None
        Not part of the representation.
    origin : str
        Where they were found, for messages.
    """

    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    origin: str = ""

    def redact(self, text: str) -> str:
        """Return a text without the token and the password."""
        for secret in (self.token, self.password):
            if secret:
                text = text.replace(secret, "***")
        return text


def find_credentials(
    service: str,
    host: str,
    *,
    environment: Mapping[str, str] | None = None,
    private_file: str | Path | None = None,
) -> Credentials | None:
    """Return the credentials for a host of a service, None where there are none.

    The environment comes first: ``<HOST>_INSTANCE_TOKEN``, or ``<HOST>_INSTANCE_USERNAME``
    and ``<HOST>_INSTANCE_PASSWORD``. Then the private file, YAML:

    .. code-block:: yaml

        kowalski:
          kowalski: {token: …}
          gloria: {username: …, password: …}

    Parameters
    ----------
    service, host : str
        For example ``kowalski`` and ``gloria``.
    environment : mapping, optional
        That of this process by default.
    private_file : path, optional
        By default the file that ``SCOPE_PRIVATE_FILE`` names, else ``private.yaml`` in the
        working directory.

    Raises
    ------
    ConfigError
        If the private file cannot be read, or a user name stands without a password.
    """
    environment = os.environ if environment is None else environment
    prefix = variable_prefix(host)
    found = _complete(
        {key: environment.get(f"{prefix}_{key.upper()}") for key in _KEYS},
        f"the environment variables {prefix}_…",
    )
    if found is not None:
        return found
    named = private_file or environment.get(PRIVATE_FILE_VARIABLE)
    path = Path(named or PRIVATE_FILE)
    if not path.is_file():
        if named:
            raise ConfigError("no such private file", value=str(path))
        return None
    section = _read_private(path).get(service)
    entry = section.get(host) if isinstance(section, Mapping) else None
    if not isinstance(entry, Mapping):
        return None
    if unknown := [str(key) for key in entry if key not in _KEYS]:
        raise ConfigError(
            f"unknown key for {service} {host} in the private file {path}",
            value=", ".join(unknown),
            allowed=_KEYS,
        )
    return _complete(entry, f"{service}: {host} in {path}")


def variable_prefix(host: str) -> str:
    """Return how the names of a host's environment variables begin."""
    return f"{host.upper().replace('-', '_').replace('.', '_')}_INSTANCE"


def _complete(values: Mapping[str, Any], origin: str) -> Credentials | None:
    texts = {key: str(values[key]).strip() for key in _KEYS if values.get(key)}
    if token := texts.get("token"):
        return Credentials(token=token, origin=origin)
    if len(texts) == 1:
        raise ConfigError(
            f"incomplete credentials, {origin}",
            value=f"only a {next(iter(texts))}",
            allowed="a token, or a username and a password",
        )
    return Credentials(**texts, origin=origin) if texts else None


def _read_private(path: Path) -> Mapping[str, Any]:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        _log.warning(
            "the private file %s can be read by other users of this machine; chmod 600 ends that",
            path,
        )
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"private file that cannot be read, {path}", value=str(error)) from None
    except yaml.YAMLError as error:
        # The error's own text quotes the file.
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"private file that is no YAML, {path}{line}") from None
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise ConfigError(
            f"private file without keys, {path}", allowed="lines like `kowalski: {gloria: {…}}`"
        )
    return content
