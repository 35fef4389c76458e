"""Parsing of command lines, the same for every command.

Unknown options are errors, abbreviations are not accepted, hyphens and underscores are
the same (``--min-n-lc-points``, ``--min_n_lc_points``), and a flag may be followed by
true or false.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn, TypeVar

import scope
from scope.errors import UsageError

TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")

T = TypeVar("T")
N = TypeVar("N", int, float)


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Help with defaults, where there is one to tell."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is False or action.default in (None, "", [], (), argparse.SUPPRESS):
            return action.help
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are `UsageError`.

    Parameters
    ----------
    **kwargs
        As of `argparse.ArgumentParser`; ``allow_abbrev`` is off.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        kwargs.setdefault("formatter_class", HelpFormatter)
        super().__init__(**kwargs)

    def add_flag(self, *names: str, default: bool | None = False, help: str) -> None:
        """Add an option that is on when given, and takes an optional true or false."""
        self.add_argument(
            *names,
            nargs="?",
            const=True,
            default=default,
            type=boolean,
            metavar="true|false",
            help=help,
        )

    def add_ineffective(self, name: str, why: str, *, flag: bool = False) -> None:
        """Add an option that is accepted and changes nothing; a line says so."""
        settings: dict[str, Any] = {"metavar": "VALUE"}
        if flag:
            settings = {"nargs": "?", "type": boolean, "metavar": "true|false"}
        self.add_argument(
            name,
            action=_ineffective(why),
            default=argparse.SUPPRESS,
            help=f"has no effect: {why}",
            **settings,
        )

    def add_gone(self, name: str, todo: str) -> None:
        """Add an option of an earlier version, which is an error that says what is used instead."""
        self.add_argument(name, dest="gone", action=_gone(todo), help=argparse.SUPPRESS)

    def add_version(self) -> None:
        """Add ``--version``."""
        self.add_argument("--version", action="version", version=f"%(prog)s {scope.__version__}")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, with underscores and hyphens of option names taken for the same."""
        if args is not None:
            args = self._respell(list(args))
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print and exit with."""
        raise UsageError(message, todo=f"see `{self.prog} --help`")

    def _respell(self, args: list[str]) -> list[str]:
        """Return `args` with the option names that this parser knows as it spells them."""
        known = {_canonical(name): name for name in self._option_string_actions}
        respelt: list[str] = []
        for position, arg in enumerate(args):
            if arg == "--":
                return respelt + args[position:]
            if arg.startswith("--"):
                name, equals, value = arg.partition("=")
                arg = known.get(_canonical(name), name) + equals + value
            respelt.append(arg)
        return respelt


def _ineffective(why: str) -> type[argparse.Action]:
    class Ineffective(argparse.Action):
        def __call__(
            self, parser: object, namespace: object, values: object, option: str | None = None
        ) -> None:
            print(f"{option} has no effect: {why}", file=sys.stderr)

    return Ineffective


def _gone(todo: str) -> type[argparse.Action]:
    class Gone(argparse.Action):
        def __call__(
            self, parser: object, namespace: object, values: object, option: str | None = None
        ) -> None:
            raise UsageError("option that is gone", value=option, todo=todo)

    return Gone


def as_options(kind: type[T], given: argparse.Namespace) -> T:
    """Return what was parsed as the options that a function of the library takes.

    Parameters
    ----------
    kind : dataclass
        A field is called as the option, in lower case with underscores; what the command does
        not declare has the default of the field.
    given : argparse.Namespace
    """
    from dataclasses import fields

    values = {
        re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower(): value
        for name, value in vars(given).items()
    }
    wanted = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in values.items() if name in wanted})


def values_of(given: argparse.Namespace, names: Sequence[str]) -> list[Any]:
    """Return the values of some options, in the order of their names."""
    return [getattr(given, name) for name in names]


def _canonical(option: str) -> str:
    return option.replace("_", "-")


def available_cpus() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def boolean(text: str) -> bool:
    """Parse true or false."""
    word = text.lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


def positive_int(text: str) -> int:
    """Parse a whole number above 0."""
    return _at_least(_int(text), 1, text)


def non_negative_int(text: str) -> int:
    """Parse a whole number, 0 included."""
    return _at_least(_int(text), 0, text)


def seed(text: str) -> int:
    """Parse a seed, 0 to 2**32 - 1: Keras and scikit-learn take no larger one."""
    return _at_most(non_negative_int(text), 2**32 - 1, text)


def positive_float(text: str) -> float:
    """Parse a finite number above 0."""
    value = _float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0")
    return value


def non_negative_float(text: str) -> float:
    """Parse a finite number, 0 included."""
    value = _float(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is below 0")
    return value


def percentile(text: str) -> float:
    """Parse a number from 0 to 100."""
    return _at_most(non_negative_float(text), 100, text)


def fraction(text: str) -> float:
    """Parse a number from 0 to 1, such as a probability."""
    return _at_most(non_negative_float(text), 1, text)


def finite_float(text: str) -> float:
    """Parse any number but NaN and the infinities."""
    return _float(text)


def optional_float(text: str) -> float | None:
    """Parse a finite number, or ``none``."""
    return None if text.lower() in ("none", "null") else _float(text)


def light_curve_id(text: str) -> int:
    """Parse the ``_id`` of a light curve."""
    if not text.isascii() or not text.isdigit() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is no id of a light curve: 0 to {2**63 - 1}")
    return int(text)


def date(text: str) -> datetime:
    """Parse a day as ``YYYY-MM-DD``."""
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-03-31") from None


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def _at_most(value: N, highest: int, text: str) -> N:
    if value > highest:
        raise argparse.ArgumentTypeError(f"{text!r} is above {highest}")
    return value


def _at_least(value: int, lowest: int, text: str) -> int:
    if value < lowest:
        raise argparse.ArgumentTypeError(f"{text!r} is below {lowest}")
    return value
