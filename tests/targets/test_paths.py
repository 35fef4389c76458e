"""Names of files that Snakemake would take for patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.errors import UsageError
from scope.targets.paths import without_wildcards


@pytest.mark.parametrize(
    "name", ["/a {b}/c", "{x}.parquet", "/a/{ b }", r"/a/{b,\d+}/c", Path("/a/{b}"), "/ü/{ü}"]
)
def test_what_snakemake_takes_for_a_wildcard_is_refused(name: str | Path) -> None:
    from snakemake.io import contains_wildcard

    assert contains_wildcard(str(name))
    for names in (name, ["/a", name]):
        with pytest.raises(UsageError, match="ln -s"):
            without_wildcards(names)


@pytest.mark.parametrize("name", ["/a b/c", "/a/{}", "/a/{b-c}", "/a{/b", "/a}b{"])
def test_other_names_and_things_are_returned_as_they_are(name: str) -> None:
    from snakemake.io import contains_wildcard

    assert not contains_wildcard(name)
    for names in (name, [name], {"folder": "/a/{b}"}, 3, None):
        assert without_wildcards(names) is names
