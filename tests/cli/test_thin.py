"""Modules of ``scope/cli`` parse and call: what else they may hold is nothing.

A module has constants and functions of two kinds. A *declaration* takes the parser first, and
declares options, in loops and conditions where it must. A *handler*, ``run`` or ``run_…``, takes
the parsed options: it imports, and has at most three statements without loops, conditions,
comprehensions or nested functions, one call of the library among them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import ROOT

FOLDER = ROOT / "scope" / "cli"

MACHINERY = {
    "__init__": "it is empty",
    "arguments": "parser and types that all commands share",
    "commands": "the table of all commands",
    "main": "which sub-command of `scope` is meant",
    "run": "what is the same for all: parse, call, exit status",
}
"""Modules that are no command, and what they are for. Add none."""

MACHINERY_USES = {"scope", "scope.errors", "scope.io.atomic", "scope.targets.suggest"}
"""What machinery may import of the library: nothing that computes, reads or writes products."""

MODULES = sorted(path for path in FOLDER.glob("*.py") if path.stem not in MACHINERY)

MOST_STATEMENTS = 3
TOP_LEVEL = {"argparse", "functools", "pathlib", "scope.checkout", "scope.plugins"}
"""What modules import at once, beside others of this package; all else when they are called."""

SAID = {"print", "Path", "partial", "vars"}
DECLARES = ("add_", "_add_", "set_defaults")
BRANCHES = (
    *(ast.For, ast.While, ast.If, ast.With, ast.Try, ast.Raise, ast.Match),
    *(ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.IfExp, ast.BoolOp),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr, ast.Yield),
)
NOT_DECLARED = (ast.While, ast.With, ast.Try, ast.Raise, ast.FunctionDef, ast.Lambda, ast.Yield)


def faults(tree: ast.Module) -> list[str]:
    """Return what a module holds beyond declarations and handlers."""
    return [f"line {node.lineno}: {what}" for node, what in _faults(tree)]


def _faults(tree: ast.Module) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    shared = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("scope.cli")
        for alias in node.names
    }
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            if names[:1] == ["parser"]:
                yield from _beyond_declaring(node, own | shared)
            elif names == ["options"] and (node.name == "run" or node.name.startswith("run_")):
                yield from _beyond_calling(node, shared)
            else:
                yield node, f"{node.name} neither declares options nor handles them"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from _early(node)
        elif not (_is_constant(node) or _starts_main(node)):
            yield node, f"{type(node).__name__} at the top of a module"


def _early(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[ast.stmt, str]]:
    names = [str(node.module)] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
    for name in names:
        if name not in {*TOP_LEVEL, "__future__"} and not name.startswith("scope.cli"):
            yield node, f"imports {name} before it is needed"


def _is_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _starts_main(node: ast.stmt) -> bool:
    text = ast.unparse(node)
    return text == "if __name__ == '__main__':\n    raise SystemExit(main())"


def _beyond_declaring(
    function: ast.FunctionDef, known: set[str]
) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    for node in ast.walk(function):
        if node is not function and isinstance(node, NOT_DECLARED):
            yield node, f"{type(node).__name__} in a declaration"
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
            if not name.startswith(DECLARES) and name not in known:
                yield node, f"{name}() in a declaration"
        if isinstance(node, ast.Return) and node.value is not None:
            yield node, "a declaration returns something"


def _beyond_calling(
    function: ast.FunctionDef, shared: set[str]
) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    library = {
        alias.asname or alias.name
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    statements = [node for node in body if not isinstance(node, ast.ImportFrom)]
    if len(statements) > MOST_STATEMENTS:
        yield function, f"{function.name} has {len(statements)} statements"
    calls = 0
    for node in (part for statement in statements for part in ast.walk(statement)):
        if isinstance(node, BRANCHES):
            yield node, f"{type(node).__name__} in {function.name}"
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name == "options.act" or (name in library and not name[0].isupper()):
                calls += 1
            # Classes of the library hold options.
            elif name not in SAID | shared | library:
                yield node, f"{function.name} calls {name}"
    if calls != 1:
        yield function, f"{function.name} calls the library {calls} times"


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_parses_and_calls_and_nothing_else(path: Path) -> None:
    assert faults(tree_of(path)) == []


@pytest.mark.parametrize("name", MACHINERY)
def test_what_commands_share_knows_next_to_nothing_of_the_library(name: str) -> None:
    used = {
        str(node.module) if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree_of(FOLDER / f"{name}.py"))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    ours = {module for module in used if module.partition(".")[0] == "scope"}
    assert {module for module in ours if not module.startswith("scope.cli")} <= MACHINERY_USES


HANDLER = """
def run(options):
    from scope.catalog import infer_file
    {}
"""


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (HANDLER.format("for name in options.names: infer_file(name)"), "For in run"),
        (HANDLER.format("infer_file(options.a or options.b)"), "BoolOp in run"),
        (HANDLER.format("print(options.a)"), "calls the library 0 times"),
        (HANDLER.format("infer_file(infer_file(options.a))"), "calls the library 2 times"),
        (HANDLER.format("infer_file(open(options.a).read())"), "run calls open"),
        (HANDLER.format("; ".join(["a = 1"] * 3 + ["infer_file(a)"])), "has 4 statements"),
        ("def run(options):\n    try: options.act(options)\n    finally: pass", "Try in run"),
        ("def helper(text):\n    return text", "helper neither declares"),
        ("class Options:\n    pass", "ClassDef at the top"),
        ("import numpy", "imports numpy before"),
        ("def add_arguments(parser):\n    print(1)", "print() in a declaration"),
        ("def add_arguments(parser):\n    return parser.parse_args()", "returns something"),
    ],
)
def test_what_does_not_belong_there_is_found(source: str, fault: str) -> None:
    assert any(fault in each for each in faults(ast.parse(source)))
