"""A built package carries the workflow, its configuration and the starter models inside."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("Snakefile", "rules", "workflow", "config", "profiles", "envs", "models", "al")
"""What `scope.checkout` looks for; it must hold for a checkout and a built package alike."""


class BuildWithWorkflow(build_py):
    """Copy what lies beside the library to ``scope/_checkout``."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        root, inside = Path(__file__).parent, Path(self.build_lib) / "scope" / "_checkout"
        shutil.rmtree(inside, ignore_errors=True)
        for name in CARRIED:
            source = root / name
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
                shutil.copytree(source, inside / name, ignore=ignore)
            else:
                inside.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, inside / name)


setup(cmdclass={"build_py": BuildWithWorkflow})
