"""Command lines are parsed strictly, and the user's mistakes end with one line and status 2."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pytest

from scope.cli.arguments import (
    Parser,
    as_options,
    finite_float,
    fraction,
    non_negative_float,
    optional_float,
    percentile,
    positive_float,
    positive_int,
    seed,
    values_of,
)
from scope.cli.commands import COMMANDS, Command
from scope.cli.run import module_of, run_command
from scope.errors import InputError, UsageError


@pytest.fixture
def parser() -> Parser:
    parser = Parser(prog="demo")
    parser.add_argument("--min-n-lc-points", type=positive_int, default=50)
    parser.add_argument("--max-freq", type=positive_float, default=48.0)
    parser.add_argument("--names", nargs="+", default=[])
    parser.add_argument("--cut", type=fraction)
    parser.add_argument("--cells", type=percentile)
    parser.add_argument("--level", type=finite_float)
    parser.add_argument("--seed", type=seed)
    parser.add_flag("--doCesium", help="more columns")
    return parser


@pytest.mark.parametrize(
    "spelling", ["--min-n-lc-points", "--min_n_lc_points", "--min-n_lc-points"]
)
@pytest.mark.parametrize("joined", [False, True])
def test_hyphens_and_underscores_are_the_same(parser: Parser, spelling: str, joined: bool) -> None:
    argv = [f"{spelling}=20"] if joined else [spelling, "20"]
    assert parser.parse_args(argv).min_n_lc_points == 20


def test_values_keep_their_underscores(parser: Parser) -> None:
    assert parser.parse_args(["--names", "LS_BIC", "a-b"]).names == ["LS_BIC", "a-b"]


def test_what_follows_two_hyphens_is_not_an_option() -> None:
    parser = Parser(prog="demo")
    parser.add_argument("--a-b")
    parser.add_argument("rest", nargs="*")
    assert parser.parse_args(["--", "--a_b"]).rest == ["--a_b"]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], False),
        (["--doCesium"], True),
        (["--doCesium", "true"], True),
        (["--doCesium", "False"], False),
        (["--doCesium=no"], False),
    ],
)
def test_a_flag_takes_an_optional_true_or_false(
    parser: Parser, argv: list[str], expected: bool
) -> None:
    assert parser.parse_args(argv).doCesium is expected


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--cut", "1.5"], "'1.5' is above 1"),
        # numpy's, and so Keras', largest seed is 2**32 - 1
        (["--seed", "4294967296"], "'4294967296' is above 4294967295"),
        (["--cut", "nan"], "'nan' is not a number"),
        (["--cells", "101"], "'101' is above 100"),
        (["--level", "inf"], "'inf' is not a number"),
        (["--min-n-lc"], "--min-n-lc"),
        (["--unheard-of", "3"], "--unheard-of"),
        (["--min-n-lc-points", "many"], "'many' is not a whole number"),
        (["--min-n-lc-points", "0"], "'0' is below 1"),
        (["--max-freq", "nan"], "'nan' is not a number"),
        (["--max-freq", "-1"], "'-1' is not above 0"),
        (["--doCesium", "perhaps"], "'perhaps' is neither true nor false"),
    ],
)
def test_unknown_options_and_bad_values_are_usage_errors(
    parser: Parser, argv: list[str], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        parser.parse_args(argv)


def test_options_of_subcommands_follow_the_same_rules() -> None:
    parser = Parser(prog="demo")
    sub = parser.add_subparsers(dest="command", required=True)
    sub.add_parser("one").add_argument("--max-rows", type=positive_int)
    assert parser.parse_args(["one", "--max_rows", "3"]).max_rows == 3
    with pytest.raises(UsageError, match="max-row"):
        parser.parse_args(["one", "--max-row", "3"])


def test_none_is_a_value_where_it_is_allowed() -> None:
    assert optional_float("none") is None
    assert optional_float("2459951.5") == 2459951.5
    assert non_negative_float("0") == 0.0


def test_a_command_returns_0_when_all_went_well(parser: Parser) -> None:
    seen: list[argparse.Namespace] = []
    assert run_command(parser, seen.append, ["--max-freq", "24"]) == 0
    assert seen[0].max_freq == 24.0


def test_an_error_of_the_user_is_one_line_and_status_2(
    parser: Parser, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(_: argparse.Namespace) -> None:
        raise InputError("file without rows", value="a.parquet", todo="give another")

    assert run_command(parser, command, []) == 2
    captured = capsys.readouterr()
    assert captured.err == "error: file without rows: 'a.parquet'; give another\n"
    assert captured.out == ""


def test_a_lack_of_memory_is_one_line_too(
    parser: Parser, capsys: pytest.CaptureFixture[str]
) -> None:
    """As numpy says it of an image of 1e8 pixels a side, which a command line may ask for."""

    def command(_: argparse.Namespace) -> None:
        np.empty(2**57)

    assert run_command(parser, command, []) == 2
    assert "error: not enough memory: Unable to allocate 1.00 EiB" in capsys.readouterr().err


def test_a_bad_command_line_names_the_option_and_the_help(
    parser: Parser, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(parser, lambda _: None, ["--nope"]) == 2
    assert "--nope" in (err := capsys.readouterr().err)
    assert "demo --help" in err


def test_a_bug_is_not_dressed_up_as_the_users_mistake(parser: Parser) -> None:
    def command(_: argparse.Namespace) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_command(parser, command, [])


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_every_number_of_a_command_has_bounds(command: Command) -> None:
    """``int`` and ``float`` take -5 and nan; choices, and the parsers of this package, do not."""

    def unbounded(parser: argparse.ArgumentParser) -> list[str]:
        found = []
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                found += [name for sub in action.choices.values() for name in unbounded(sub)]
            elif action.type in (int, float) and not action.choices:
                found.append(action.dest)
        return found

    parser = Parser(prog=command.name)
    module_of(command).add_arguments(parser)
    assert unbounded(parser) == []


def test_the_help_tells_defaults_that_say_something_once() -> None:
    for name, command in COMMANDS.items():
        parser = Parser(prog=name)
        module_of(command).add_arguments(parser)
        text = " ".join(parser.format_help().split())
        assert "(default: )" not in text, name
        assert "(default: [])" not in text, name
        assert ") (default:" not in text.replace("https://", ""), name
    parser = Parser(prog="demo")
    parser.add_argument("--port", type=int, default=0, help="a number")
    assert "(default: 0)" in parser.format_help()


@dataclass(frozen=True)
class Sky:
    """Options of a function."""

    min_n_lc_points: int
    do_cesium: bool = True
    days_ago: float | None = None


def test_options_of_a_function_are_called_as_those_of_the_command(parser: Parser) -> None:
    parser.add_argument("--daysAgo", type=positive_float)
    given = parser.parse_args(["--min-n-lc-points", "7", "--daysAgo", "2", "--max-freq", "3"])
    # What was not given has the command's default, and what it does not declare the function's.
    assert as_options(Sky, given) == Sky(7, do_cesium=False, days_ago=2.0)
    assert as_options(Sky, argparse.Namespace(min_n_lc_points=7)) == Sky(7)
    assert values_of(given, ["max_freq", "min_n_lc_points"]) == [3.0, 7]


@pytest.mark.parametrize("words", [["--loop"], ["--loop", "false"], ["--user", "me"]])
def test_an_option_without_effect_says_so_and_leaves_nothing(
    parser: Parser, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    parser.add_ineffective("--user", "nobody asks")
    parser.add_ineffective("--loop", "nothing loops", flag=True)
    given = parser.parse_args(words)
    assert not {"user", "loop"} & set(vars(given))
    assert f"{words[0]} has no effect: no" in capsys.readouterr().err


def test_an_option_that_is_gone_says_what_is_used_instead(parser: Parser) -> None:
    parser.add_gone("--old", "give --new")
    with pytest.raises(UsageError, match="option that is gone: '--old'; give --new"):
        parser.parse_args(["--old", "x"])
