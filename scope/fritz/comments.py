"""Comments on sources, with or without a picture; each text once."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scope.services.fritz import Fritz


def post_comment(fritz: Fritz, obj_id: str, text: str, groups: Sequence[int]) -> str:
    """Post a comment unless there is one with this text; return ``posted`` or ``there``."""
    return _post(fritz, obj_id, text, groups, {})


def post_picture(
    fritz: Fritz, obj_id: str, text: str, path: str | Path, groups: Sequence[int]
) -> str:
    """Post a comment with a file attached; return ``posted`` or ``there``."""
    path = Path(path)
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    attachment = {"attachment": {"body": content, "name": path.name}}
    return _post(fritz, obj_id, text, groups, attachment)


def _post(fritz: Fritz, obj_id: str, text: str, groups: Sequence[int], more: dict[str, Any]) -> str:
    def there() -> bool | None:
        comments = fritz.get(f"sources/{obj_id}/comments")
        return any(comment["text"] == text for comment in comments) or None

    if there():
        return "there"
    body = {"text": text, "group_ids": list(groups), **more}
    fritz.post(f"sources/{obj_id}/comments", body, landed=there)
    return "posted"
