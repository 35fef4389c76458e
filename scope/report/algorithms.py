"""How a page names and draws the algorithms that it compares, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from scope.models.algorithm import find_algorithm
from scope.plugins import ALGORITHMS, DEFAULT_ALGORITHMS

COLOURS = ("#8a3fb0", "#12806a", "#a8860b", "#b0306a")
"""Of algorithms beside the shipped ones, whose colours are those of the page."""


def compared(scored: Iterable[str]) -> tuple[str, ...]:
    """Return the algorithms that a page compares: those with scores, the shipped ones first.

    Where there are none, the shipped ones: an empty page is drawn all the same.
    """
    there = set(scored)
    names = dict.fromkeys([*DEFAULT_ALGORITHMS, *ALGORITHMS])
    return tuple(name for name in names if name in there) or DEFAULT_ALGORITHMS


def title(name: str) -> str:
    """Return what an algorithm is called in figures and tables."""
    return find_algorithm(name).title


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return which algorithms are drawn one against the other."""
    return list(combinations(names, 2))


def mark(name: str) -> str:
    """Return the CSS class of an algorithm's histogram: filled for the first, else a line."""
    return f"{name}-fill" if name == DEFAULT_ALGORITHMS[0] else f"{name}-line"


def style(names: Sequence[str]) -> str:
    """Return CSS for algorithms that the page has no colours for; nothing for the others."""
    rules = []
    for number, name in enumerate(name for name in names if name not in DEFAULT_ALGORITHMS):
        colour = COLOURS[number % len(COLOURS)]
        rules += [
            f"svg .{name}-line {{ stroke: {colour}; stroke-width: 1.6; }}",
            f".k-{name} {{ height: 3px; vertical-align: 4px; background: {colour}; }}",
        ]
    return "".join(f"{rule}\n" for rule in rules)


def together(number: int) -> str:
    """Return how a sentence begins that is true of all algorithms."""
    return "Both" if number == 2 else f"All {number}"


def headings(number: int) -> tuple[str, str]:
    """Return the headings of what all algorithms reach, and of its share among what any does."""
    return ("both", "both of either") if number == 2 else ("all", "all of any")
