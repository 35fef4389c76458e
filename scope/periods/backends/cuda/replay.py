"""Search many light curves at once, with a search that is written for one.

A search of one curve is a chain of questions to its backend, each of which may depend on
the answers before. Here the search runs until it asks something that has no answer yet and
is then left; the open questions of all curves are answered together; and the search runs
again from its start, with the answers that there are, until nothing is open. What a search
does between its questions is cheap, so that running it again costs less than the rounds
save, and one search serves every backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy.typing as npt

from scope.periods.backends import Backend, Curve, Floats, Scan
from scope.periods.grid import Grid
from scope.periods.options import PeriodOptions

Subject = TypeVar("Subject")
Found = TypeVar("Found")


class ScanRequest(NamedTuple):
    """Arguments of `Backend.scan`."""

    statistic: str
    curve: Curve
    grid: Grid
    removed: npt.NDArray[Any]
    keep: int
    options: PeriodOptions


class ValueRequest(NamedTuple):
    """Arguments of `Backend.evaluate`."""

    statistic: str
    curve: Curve
    frequencies: Floats
    options: PeriodOptions


class FourierRequest(NamedTuple):
    """Arguments of `Backend.fourier_bic`."""

    curve: Curve
    centres: Floats
    offsets: Floats
    max_order: int


class EclipseRequest(NamedTuple):
    """Arguments of `Backend.eclipse_bic`."""

    curve: Curve
    frequencies: Floats
    ceiling: float


Request = ScanRequest | ValueRequest | FourierRequest | EclipseRequest


class Answering(Protocol):
    """Function of a backend that answers questions."""

    def answer(self, requests: Sequence[Request]) -> list[Any]:
        """Answers in order, each independent of the other requests."""


class _Open(Exception):
    """A question without an answer yet."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


class _Replaying:
    """The backend that a search of one curve talks to."""

    def __init__(self) -> None:
        self._answers: list[Any] = []
        self._asked = 0

    def restart(self) -> None:
        self._asked = 0

    def note(self, answer: Any) -> None:
        self._answers.append(answer)

    def _ask(self, request: Request) -> Any:
        if self._asked == len(self._answers):
            raise _Open(request)
        self._asked += 1
        return self._answers[self._asked - 1]

    def scan(
        self,
        statistic: str,
        curve: Curve,
        grid: Grid,
        removed: npt.NDArray[Any],
        keep: int,
        options: PeriodOptions,
    ) -> Scan:
        answer: Scan = self._ask(ScanRequest(statistic, curve, grid, removed, keep, options))
        return answer

    def evaluate(
        self, statistic: str, curve: Curve, frequencies: Floats, options: PeriodOptions
    ) -> Floats:
        answer: Floats = self._ask(ValueRequest(statistic, curve, frequencies, options))
        return answer

    def fourier_bic(
        self, curve: Curve, centres: Floats, offsets: Floats, max_order: int
    ) -> tuple[Floats, npt.NDArray[Any]]:
        answer: tuple[Floats, npt.NDArray[Any]] = self._ask(
            FourierRequest(curve, centres, offsets, max_order)
        )
        return answer

    def eclipse_bic(
        self, curve: Curve, frequencies: Floats, ceiling: float
    ) -> tuple[Floats, npt.NDArray[Any]]:
        answer: tuple[Floats, npt.NDArray[Any]] = self._ask(
            EclipseRequest(curve, frequencies, ceiling)
        )
        return answer


def search_together(
    subjects: Sequence[Subject],
    search: Callable[[Subject, Backend], Found],
    backend: Answering,
) -> list[Found]:
    """Search all subjects, answering their questions round by round.

    Parameters
    ----------
    subjects : sequence
        Light curves, or what else a search is of.
    search : callable
        Of a subject and a backend. The same answers must make it ask the same questions.
    backend : Answering

    Returns
    -------
    list
        What `search` returns for each subject.
    """
    found: dict[int, Found] = {}
    replays = [_Replaying() for _ in subjects]
    waiting = list(range(len(subjects)))
    while waiting:
        requests: dict[int, Request] = {}
        for i in waiting:
            replays[i].restart()
            try:
                found[i] = search(subjects[i], replays[i])
            except _Open as question:
                requests[i] = question.request
        answers = backend.answer(list(requests.values())) if requests else []
        for i, answer in zip(requests, answers, strict=True):
            replays[i].note(answer)
        waiting = list(requests)
    return [found[i] for i in range(len(subjects))]
