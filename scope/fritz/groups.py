"""Groups on Fritz: only those that the token's owner is in may be written to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scope.errors import UsageError, few
from scope.services.fritz import Fritz

_LISTS = ("user_groups", "user_accessible_groups")
"""Parts of the server's answer with groups that one may write to; administrators have all."""


def check_groups(fritz: Fritz, groups: Iterable[int]) -> None:
    """Check that groups are there and that we are in them, before anything is sent.

    The server does not: it files a request to save a source to a group of others, answers
    200, and takes classifications for it.

    Raises
    ------
    UsageError
        If there is no such group, or the owner of the token is not in it.
    """
    wanted = sorted(set(groups))
    if not wanted:
        return
    answer = fritz.get("groups")
    own = {int(one["id"]): str(one["name"]) for part in _LISTS for one in answer[part]}
    others = {int(one["id"]): str(one["name"]) for one in answer["all_groups"]}
    for number in wanted:
        if number in own:
            continue
        if number in others:
            raise UsageError(
                "group on Fritz that the owner of the token is not in",
                value=f"{number} ({others[number]})",
                allowed=_named(own),
                todo="ask an administrator of the group to add you",
            )
        raise UsageError("no such group on Fritz", value=number, allowed=_named(own))


def _named(groups: dict[int, str]) -> str:
    names: Sequence[str] = [f"{number} ({name})" for number, name in sorted(groups.items())]
    return few(names) if names else "none: the owner of the token is in no group"
