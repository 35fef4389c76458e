"""Asking again: how long, how often, and what is said at the end."""

from __future__ import annotations

import pytest

from scope.errors import ConfigError, ServiceError
from scope.services.retry import RetryPolicy, TransientError, ask_patiently


class Clock:
    """Time that passes only while we sleep."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class Service:
    """Fails a number of times before it answers."""

    def __init__(self, failures: int, most_attempts: int | None = None) -> None:
        self.left, self.asked, self.most_attempts = failures, 0, most_attempts

    def __call__(self) -> str:
        self.asked += 1
        if self.left:
            self.left -= 1
            raise TransientError("busy", self.most_attempts)
        return "answer"


def ask(service: Service, policy: RetryPolicy, clock: Clock) -> str:
    return ask_patiently(
        service, policy, what="the database", sleep=clock.sleep, clock=clock, todo="look at it"
    )


def test_a_service_that_answers_is_asked_once() -> None:
    clock, service = Clock(), Service(0)
    assert ask(service, RetryPolicy(), clock) == "answer"
    assert (service.asked, clock.waits) == (1, [])


def test_waits_double_up_to_the_longest_and_are_shortened_by_half_at_most() -> None:
    clock, service = Clock(), Service(6)
    policy = RetryPolicy(first_wait_seconds=1, longest_wait_seconds=8, patience_seconds=1000)
    assert ask(service, policy, clock) == "answer"
    for wait, full in zip(clock.waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert full / 2 <= wait <= full


def test_after_a_minute_without_the_service_it_goes_on() -> None:
    clock = Clock()

    def back_after_a_minute() -> float:
        if clock.now < 160:
            raise TransientError("connection refused")
        return clock.now

    found = ask_patiently(
        back_after_a_minute, RetryPolicy(), what="it", sleep=clock.sleep, clock=clock
    )
    assert 160 <= found < 160 + 60


def test_patience_ends_with_what_failed_and_what_to_do() -> None:
    clock, service = Clock(), Service(10**6)
    with pytest.raises(ServiceError, match=r"the database: no usable answer .*'busy'; look at it"):
        ask(service, RetryPolicy(patience_seconds=300), clock)
    assert 300 <= sum(clock.waits) < 300 + 60


def test_a_few_attempts_are_made_however_long_they_take() -> None:
    clock, service = Clock(), Service(10**6)
    with pytest.raises(ServiceError, match="in 3 attempts"):
        ask(service, RetryPolicy(patience_seconds=0), clock)


def test_what_costs_the_service_much_is_not_asked_often() -> None:
    clock, service = Clock(), Service(10**6, most_attempts=2)
    with pytest.raises(ServiceError, match="in 2 attempts"):
        ask(service, RetryPolicy(), clock)


def test_other_errors_are_not_repeated() -> None:
    calls = []

    def refused() -> None:
        calls.append(1)
        raise ServiceError("refused")

    with pytest.raises(ServiceError, match="refused"):
        ask_patiently(refused, RetryPolicy(), what="it")
    assert calls == [1]


def test_a_negative_wait_is_refused() -> None:
    with pytest.raises(ConfigError, match="patience_seconds"):
        RetryPolicy(patience_seconds=-1)
