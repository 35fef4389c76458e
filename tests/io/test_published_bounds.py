"""A compressed table cannot ask for much more memory than its size."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from scope.errors import InputError
from scope.io import published
from scope.io.published import read_published_table


def test_a_table_of_zeros_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "_SMALL_BYTES", 1000)
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress(b"a\tb\n" + b"0" * 5_000_000))
    with pytest.raises(InputError, match="unpacks to far more than its size"):
        read_published_table(path)
    path.write_bytes(gzip.compress(b"ra\tdec\n1\t2\n"))
    assert read_published_table(path).frame["ra"].tolist() == ["1"]
