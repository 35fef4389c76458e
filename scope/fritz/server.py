"""The configured Fritz server, and what a dry run shows of the requests that it does not send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.services.fritz import Fritz

SHOWN, SHOWN_ITEMS = 120, 6
"""Letters of a text, and items of a list, that a dry run shows."""


def open_fritz(config: Config, report: Callable[[str], None], *, dry_run: bool = False) -> Fritz:
    """Return the configured server; a dry run reports what it does not send."""
    from scope.services.fritz import Fritz

    def show(method: str, path: str, body: Any) -> None:
        for line in request_lines(method, path, body):
            report(line)

    return Fritz(config.fritz_options(), dry_run=dry_run, report=show)


def request_lines(method: str, path: str, body: Any) -> Iterator[str]:
    """Yield what a request that is not sent would be, a line for each part of a batch."""
    batch = body.get("classifications") if isinstance(body, dict) else None
    for part in [body] if batch is None else batch:
        yield f"would send {method} {path} {json.dumps(_shortened(part), ensure_ascii=False)}"


def _shortened(value: Any) -> Any:
    """Return a value with long texts and lists cut."""
    if isinstance(value, dict):
        return {name: _shortened(part) for name, part in value.items()}
    if isinstance(value, str) and len(value) > SHOWN:
        return f"{value[:SHOWN]}… ({len(value)} letters)"
    if isinstance(value, list) and len(value) > SHOWN_ITEMS:
        return [*value[:SHOWN_ITEMS], f"… ({len(value)} in all)"]
    return value
