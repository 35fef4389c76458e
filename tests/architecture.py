"""The picture of the house in docs/architecture.md, drawn from the packages themselves.

    python -m tests.architecture      writes docs/architecture.svg anew

Parts stand in the order in which they build on each other (`tests.test_import_layers`), each with
the first line of its docstring: what is drawn is what the code says of itself.
"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

from tests.test_import_layers import LAYERS

ROOT = Path(__file__).resolve().parents[1]
PATH = ROOT / "docs" / "architecture.svg"
WIDTH, ROW, NAME, LONGEST = 960, 24, 190, 118

OUTSIDE = (
    ("rules/, workflow/scripts/", "one rule, one script, one library function, one log folder"),
    ("scope/", "the library; a part imports only from those below it"),
)


def part_meaning(name: str) -> str:
    """Return the first line of the docstring of a part of the package."""
    path = ROOT.joinpath("scope", *name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def draw() -> str:
    """Return the picture as SVG."""
    parts = [name for name in LAYERS if _is_there(name)]
    rows = [(name, part_meaning(name)) for name in reversed(parts)]
    lines = [*OUTSIDE, *rows]
    height = ROW * len(lines) + 20
    body = []
    for number, (name, meaning) in enumerate(lines):
        top = 10 + ROW * number
        outside = number < len(OUTSIDE)
        left, css = (10, "outside") if outside else (30, "part")
        body.append(
            f'<rect class="{css}" x="{left}" y="{top}" width="{WIDTH - left - 10}" '
            f'height="{ROW - 4}" rx="4"/>'
            f'<text class="name" x="{left + 8}" y="{top + 14}">{escape(name)}</text>'
            f'<text x="{left + NAME + (60 if outside else 0)}" y="{top + 14}">'
            f"{escape(_short(meaning))}</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="Parts of the library">\n'
        "<style>text { font: 12px sans-serif; fill: #1c2430; } .name { font-weight: 600; }"
        " .part { fill: #eef2f7; stroke: #c4ccd6; } .outside { fill: #fff; stroke: #5b6573; }"
        "</style>\n" + "\n".join(body) + "\n</svg>\n"
    )


def _is_there(name: str) -> bool:
    path = ROOT.joinpath("scope", *name.split("."))
    return path.exists() or path.with_suffix(".py").is_file()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


if __name__ == "__main__":
    PATH.write_text(draw(), encoding="utf-8")
    print(f"wrote {PATH}")
