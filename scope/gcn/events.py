"""Events on Fritz that are followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scope.gcn.event_sources import in_file_name, parse_dateobs
from scope.services.fritz import Fritz

PAGE_EVENTS = 100


@dataclass(frozen=True)
class Event:
    """An event of the network.

    Attributes
    ----------
    dateobs : str
        Its time, UTC, by which Fritz knows it.
    tags : tuple of str
    """

    dateobs: str
    tags: tuple[str, ...]

    @property
    def label(self) -> str:
        """The time as in names of files."""
        return in_file_name(self.dateobs)

    @property
    def target(self) -> str:
        """The target of the workflow."""
        return f"gcn_{self.label}"


def fetch_events(fritz: Fritz, tags: Sequence[str], days_ago: float, now: datetime) -> list[Event]:
    """Return the events of the last days with one of the tags, oldest first.

    Parameters
    ----------
    fritz : Fritz
    tags : sequence of str
        None takes all events.
    days_ago : float
    now : datetime
        UTC, without a time zone.
    """
    since = (now - timedelta(days=days_ago)).isoformat(timespec="seconds")
    pages = fritz.pages("gcn_event", "events", size=PAGE_EVENTS, startDate=since)
    events = [
        Event(item["dateobs"], tuple(item.get("tags") or ())) for page in pages for item in page
    ]
    chosen = [event for event in events if not tags or set(tags) & set(event.tags)]
    return sorted(chosen, key=lambda event: event.dateobs)


def fetch_event(fritz: Fritz, dateobs: str) -> Event:
    """Return one event.

    Raises
    ------
    UsageError
        If its time is not written as Fritz does.
    NotFoundError
        If there is none.
    """
    parse_dateobs(dateobs)
    return Event(dateobs, tuple(fritz.get(f"gcn_event/{dateobs}").get("tags") or ()))


def groups_to_post(
    event: Event, usual: Sequence[int], by_tag: Mapping[str, Sequence[int]]
) -> tuple[int, ...]:
    """Return the groups that an event's classifications go to.

    Those of its tags; the usual ones where no tag has any, or a tag besides those is of a
    gravitational wave (``GW``).
    """
    found = {group for tag in event.tags for group in by_tag.get(tag, ())}
    if not found or "GW" in set(event.tags) - set(by_tag):
        found |= set(usual)
    return tuple(sorted(found))
