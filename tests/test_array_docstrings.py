"""Public functions on arrays say of each of them which shape it has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_import_layers import MODULES, module_name

SHAPE = re.compile(r"\((?:[^()]*,[^()]*|\.\.\.|…)\)|\bone per\b|\bof one shape\b")
"""(n,), (n, 3), (rows, columns), (...) for any; or in words."""

ELSEWHERE = re.compile(r"\b(?:[Ss]ee|[Aa]s(?: in)?) `")
SECTION = r"^{}\n-+\n(.*?)(?=^[A-Z]\w+\n-+\n|\Z)"
ARRAY = re.compile(r"\bNDArray\b|\bnp\.ndarray\b")

TREES = {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


def defined(name: str) -> set[str]:
    """Names that a module gives to types of arrays, at its top."""
    found = set()
    for node in TREES[name].body:
        if isinstance(node, ast.Assign) and ARRAY.search(ast.unparse(node.value)):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {one for one in found if one[:1].isupper() and not one.isupper()}


ALIASES = {name: defined(name) for name in TREES}


def array_names(name: str) -> set[str]:
    """Names for types of arrays in a module, those that it imports among them."""
    found = set(ALIASES[name])
    for node in TREES[name].body:
        if isinstance(node, ast.ImportFrom) and node.module in ALIASES:
            known = ALIASES[node.module]
            found |= {item.asname or item.name for item in node.names if item.name in known}
    return found


def holds_array(annotation: ast.expr | None, names: set[str]) -> bool:
    if annotation is None:
        return False
    text = ast.unparse(annotation)
    if "Callable" in text or re.match(r"type\[", text):
        return False
    return bool(ARRAY.search(text)) or any(re.search(rf"\b{one}\b", text) for one in names)


def public_functions(
    body: list[ast.stmt], prefix: str = ""
) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield prefix + node.name, node


def section(doc: str, name: str) -> str:
    found = re.search(SECTION.format(name), doc, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def entry(doc: str, parameter: str) -> str:
    """What the list of parameters says of one."""
    entries = re.split(r"\n(?=\S)", section(doc, "Parameters"))
    for text in entries:
        names = text.partition("\n")[0].partition(" : ")[0]
        if parameter in [name.strip() for name in names.split(",")]:
            return text
    return ""


def parts(doc: str) -> list[str]:
    """The clauses before the first section."""
    head = re.split(r"^[A-Z]\w+\n-+$", doc, maxsplit=1, flags=re.MULTILINE)[0]
    return re.split(r";|\.\s|\n\n", head)


def undescribed(function: ast.FunctionDef, names: set[str]) -> list[str]:
    """Arrays of a function of which its docstring states no shape."""
    doc = ast.get_docstring(function) or ""
    if ELSEWHERE.search(doc):
        return []
    given = function.args
    arrays = [
        one.arg
        for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)
        if holds_array(one.annotation, names)
    ]
    clauses = [part for part in parts(doc) if SHAPE.search(part)]
    missing = [
        name
        for name in arrays
        if not SHAPE.search(entry(doc, name)) and not any(f"`{name}`" in part for part in clauses)
    ]
    if holds_array(function.returns, names):
        listed = section(doc, "Returns") or section(doc, "Yields")
        of_result = [
            part
            for part in clauses
            if re.search(r"\b(?:result|both)\b", part)
            or not any(f"`{name}`" in part for name in arrays)
        ]
        if not SHAPE.search(listed) and not of_result:
            missing.append("what is returned")
    return missing


def test_every_array_of_a_public_function_has_a_shape_in_its_docstring() -> None:
    found = [
        f"{name}.{function}: {', '.join(missing)}"
        for name, tree in TREES.items()
        for function, node in public_functions(tree.body)
        if (missing := undescribed(node, array_names(name)))
    ]
    assert not found, "say the shape, as (n,) or (n, 3), and dtype and unit:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("doc", "missing"),
    [
        ("Add.", ["x", "y", "what is returned"]),
        ("Add `x` and `y`, (n,) float64.", ["what is returned"]),
        ("Add.\n\n`x`, `y` and the result: (n,) float64.", []),
        ("Add, (n,).\n\nParameters\n----------\nx, y : (n,) float64\n", []),
        ("Add, (n,).\n\nParameters\n----------\nx : (n,) float64\ny : float64\n", ["y"]),
        ("Add, see `other`.", []),
    ],
)
def test_a_docstring_without_a_shape_is_found(doc: str, missing: list[str]) -> None:
    function = ast.parse(f"def add(x: Array, y: Array, n: int) -> Array:\n    {doc!r}").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert undescribed(function, {"Array"}) == missing


def test_names_of_array_types_are_known() -> None:
    assert "Floats" in array_names("scope.periods.backends.cpu")
