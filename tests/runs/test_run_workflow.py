"""What a command hands to the workflow, and where its products are left."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from scope.config import load_config
from scope.errors import NotFoundError, ScopeError
from scope.runs import run_workflow as workflow
from scope.runs.placing import place_product


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines of Snakemake, which does not run."""
    monkeypatch.chdir(tmp_path)
    seen: list[list[str]] = []

    def snakemake(arguments: list[str], output: object) -> int:
        seen.append(arguments)
        settings = Path(arguments[arguments.index("--configfile") + 1])
        assert load_config(overrides=json.loads(settings.read_text())).archive == "sky"
        return int("results/broken" in arguments)

    monkeypatch.setattr(workflow, "run_snakemake_here", snakemake)
    return seen


def test_snakemake_gets_the_whole_configuration_in_a_file_of_its_own(calls) -> None:
    config = load_config(overrides={"archive": "sky"})
    workflow.run_workflow(["results/a", "results/b"], config, cores=3)
    (arguments,) = calls
    assert arguments[-3:] == ["--", "results/a", "results/b"]
    assert arguments[arguments.index("--cores") + 1] == "3"
    with pytest.raises(ScopeError, match="the workflow failed"):
        workflow.run_workflow(["results/broken"], config)
    # One file for the same settings: jobs of the other command may still read it.
    workflow.run_workflow(["results/a"], load_config(overrides={"archive": "sky", "targets": []}))
    other = {"archive": "sky", "targets": ["field_300"]}
    workflow.run_workflow(["results/a"], load_config(overrides=other))
    assert len(list(workflow.SETTINGS.iterdir())) == 2


def test_without_a_checkout_it_is_said_what_to_install(calls, monkeypatch) -> None:
    monkeypatch.setattr(workflow, "SNAKEFILE", Path("nowhere/Snakefile"))
    with pytest.raises(NotFoundError, match="--editable CHECKOUT"):
        workflow.run_workflow(["results/a"], load_config())


def test_products_are_left_as_links_and_replace_what_was_there(tmp_path: Path) -> None:
    product, place = tmp_path / "a", tmp_path / "new/folder/b"
    product.write_text("one")
    place_product(product, place)
    assert place.samefile(product)
    other = tmp_path / "c"
    other.write_text("two")
    place_product(other, place)
    assert (place.read_text(), product.read_text()) == ("two", "one")
    assert place_product(other, place) == place


def test_where_no_link_can_be_made_it_is_a_copy(tmp_path: Path, monkeypatch) -> None:
    def no_link(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", no_link)
    product, place = tmp_path / "a", tmp_path / "b"
    product.write_text("one")
    place_product(product, place)
    assert place.read_text() == "one"
    assert not place.samefile(product)
