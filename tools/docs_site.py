"""Hooks of the documentation site: tutorials are run as they are built, pages elsewhere come along.

A block ``python`` of a tutorial runs in one interpreter with those before it, a block ``sh`` in a
shell in the same folder; what they print, and figures, stand below them. One that fails ends the
build. With ``SCOPE_DOCS_RUN=0`` nothing is run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = ("config/README.md", "config/catalogues/README.md", "config/labels.yaml")
"""Files beside ``docs/`` that pages link to; they keep their paths in the site."""

_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SESSION = """
import matplotlib.pyplot as _plt
_plt.switch_backend("agg")
{before}
_plt.close("all")
print({mark!r})
{code}
for _number in _plt.get_fignums():
    _plt.figure(_number).savefig("figure_{block}_" + str(_number) + ".svg")
"""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie elsewhere."""
    for name in ELSEWHERE:
        files.append(File.generated(config, name, content=(ROOT / name).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    """Let links leave ``docs/``, and run tutorials."""
    path = page.file.src_uri
    if path.startswith("config/"):
        # Written from their own folder, and of the checkout's others only docs/ is here.
        markdown = re.sub(r"\]\((?:\.\./)+docs/", f"]({'../' * path.count('/')}", markdown)
    else:
        markdown = markdown.replace("](../config/", "](config/")
    if path.startswith("tutorials/") and os.environ.get("SCOPE_DOCS_RUN") != "0":
        return run_tutorial(markdown, path, config, files)
    return markdown


def run_tutorial(markdown: str, path: str, config: Any, files: Files) -> str:
    """Return a tutorial with what its blocks print and draw."""
    name = Path(path).stem
    with tempfile.TemporaryDirectory(prefix="scope-tutorial-") as folder:
        session = Session(Path(folder))
        parts, end = [], 0
        for number, block in enumerate(_BLOCK.finditer(markdown)):
            printed = session.run(block[1], block[2], number, path)
            parts += [markdown[end : block.end()], "\n"]
            if printed.strip():
                parts.append(f"\n```text\n{printed.rstrip()}\n```\n")
            for figure in sorted(Path(folder).glob(f"figure_{number}_*.svg")):
                place = f"tutorials/{name}_{figure.name}"
                files.append(File.generated(config, place, content=figure.read_text()))
                parts.append(f"\n![Drawn by the lines above]({name}_{figure.name})\n")
            end = block.end()
        return "".join([*parts, markdown[end:]])


class Session:
    """A folder in which the blocks of a page run, one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._before = folder, ""

    def run(self, kind: str, code: str, number: int, page: str) -> str:
        """Return what a block prints.

        Raises
        ------
        PluginError
            If it fails.
        """
        if kind == "sh":
            command = ["bash", "-euo", "pipefail", "-c", code]
        else:
            # All lines so far again: what they printed then is cut off before the mark.
            mark = f"--- block {number} ---"
            (self.folder / "session.py").write_text(
                _SESSION.format(before=self._before, mark=mark, code=code, block=number)
            )
            self._before += code
            command = [sys.executable, "session.py"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PluginError(f"{page}: block {number} fails:\n{code}\n{done.stdout}{done.stderr}")
        return done.stdout if kind == "sh" else done.stdout.partition(f"{mark}\n")[2]


def _environment() -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
