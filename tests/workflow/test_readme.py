"""What the README shows is true: its commands exist, its snippet runs, its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scope.cli.run import command_parser
from tests.workflow.conftest import Run


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    """The text of the README."""
    return (root / "README.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_it_is_short_and_starts_with_the_two_commands(readme: str) -> None:
    lines = readme.splitlines()
    assert len(lines) <= 150
    assert lines.index("make demo") < 25
    assert lines.index("make test") < 25


def test_targets_of_make_exist(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    texts = [(root / name).read_text() for name in ("README.md", "CONTRIBUTING.md")]
    named = {name for text in texts for name in re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)}
    assert {"demo", "test", "lint", "install"} <= named
    for name in named:
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name


def test_commands_without_a_workflow_are_understood(readme: str) -> None:
    commands = [line.split() for block in blocks(readme, "sh") for line in block.splitlines()]
    parsers = {
        "generate-features": command_parser("generate-features"),
        "run-inference": command_parser("run-inference"),
    }
    found = [words for words in commands if words and words[0] in parsers]
    assert {words[0] for words in found} == set(parsers)
    for name, *arguments in found:
        assert parsers[name].parse_args(arguments).output


def test_the_snakemake_command_names_a_file_that_a_rule_makes(tiny: Run, readme: str) -> None:
    command = next(
        line for block in blocks(readme, "sh") for line in block.splitlines() if "snakemake" in line
    )
    target = command.split()[-1].replace("field_250", "field_700")
    assert (tiny.folder / target).is_file()


def test_the_python_snippet_runs_in_the_folder_of_a_run(tiny: Run, readme: str) -> None:
    (snippet,) = blocks(readme, "python")
    code = snippet + "\nassert preds.attrs['stages']['preds'] >= 1\nassert len(preds) > 40\n"
    subprocess.run([sys.executable, "-c", code], cwd=tiny.folder, check=True)


LIGHT_CURVES = """
import numpy as np
import pyarrow as pa

times = [58300.2 + 1.7 * np.arange(80.0)] * 2
mags = [16 + 0.3 * np.sin(times[0]), np.full(80, 17.0)]
light_curves = {"_id": [1, 2], "hmjd": times, "mag": mags, "magerr": [np.full(80, 0.02)] * 2}
light_curves = pa.table(light_curves)
"""


def test_the_python_of_the_page_about_the_catalogue_runs_in_its_order(
    tiny: Run, root: Path
) -> None:
    snippets = blocks((root / "docs" / "catalog.md").read_text(), "python")
    code = LIGHT_CURVES + "".join(snippets).replace("field_297", "field_700")
    code += "\nassert mine['reason'].isna().all() and len(mine) == 2\n"
    subprocess.run([sys.executable, "-c", code], cwd=tiny.folder, check=True)


def test_links_and_pictures_lead_to_files(root: Path) -> None:
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        *(f"docs/{p.name}" for p in root.glob("docs/*.md")),
    ]:
        text = (root / page).read_text()
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert ((root / page).parent / link).exists(), f"{page}: {link}"


def test_the_picture_of_the_rules_shows_the_rules(tiny: Run, root: Path) -> None:
    picture = (root / "docs" / "dag.svg").read_text()
    shown = set(re.findall(r"<title>([a-z_]+)</title>", picture)) | set(
        re.findall(r">([a-z_]+)</text>", picture)
    )
    ran = {path.name for path in (tiny.folder / "logs").iterdir()}
    assert ran - {"export"} <= shown
