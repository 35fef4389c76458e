"""The starter model as it is placed: a bundle that is whole in the folder it ships in."""

from __future__ import annotations

import shutil
from pathlib import Path

from scope.tasks.stamps.starter import place_bundle
from scope.tasks.variables.find_models import find_models


def test_a_bundle_that_is_made_elsewhere_is_whole_where_it_ships(root: Path, tmp_path: Path):
    made = tmp_path / "second_try"
    place_bundle(root / "models" / "stamps" / "cnn" / "starter", made, "a card", {"n": 1})
    shutil.copytree(made, tmp_path / "models" / "stamps" / "cnn" / "starter")
    (found,) = find_models(tmp_path / "models")
    assert (found.kind, found.group, found.card()) == ("cnn", "starter", "a card")
    found.check()
