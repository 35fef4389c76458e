"""HATS collections: what is in them is compared with the tables, pixels with astropy-healpix."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError
from scope.io import write_table
from scope.lightcurves.sky import PositionTree
from scope.product import hats
from scope.product.hats import HatsSummary, export_hats
from scope.product.hats_layout import PartitionIndex, Pixel, healpix_29, partition, read_partitions

ARCSEC = 1.0 / 3600.0


def write_stars(path: Path, ra: np.ndarray, dec: np.ndarray, first_id: int = 1) -> Path:
    """Write stars with two light curves each; positions that are NaN are unknown."""
    n = len(ra)
    ids = first_id + np.arange(2 * n)
    unknown = ~np.isfinite(ra)
    table = pa.table(
        {
            "star_id": pa.array(ids[::2]),
            "ra": pa.array(ra, mask=unknown),
            "dec": pa.array(dec, mask=unknown),
            "light_curves": pa.array(ids.reshape(n, 2).tolist(), pa.list_(pa.int64())),
            "filters": pa.array([[1, 2]] * n, pa.list_(pa.int32())),
            "period": pa.array(np.linspace(0.1, 9, n)),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(table, path, {})
    return path


def write_curves(path: Path, ids: list[int]) -> Path:
    """Write light curves of as many points as the last digit of their ids says."""
    points = [[100.0 * i + t for t in range(i % 10)] for i in ids]
    table = pa.table(
        {
            "_id": pa.array(ids),
            "hmjd": pa.array(points, pa.list_(pa.float64())),
            "mag": pa.array([[15.0 + i] * (i % 10) for i in ids], pa.list_(pa.float32())),
            "magerr": pa.array([[0.1] * (i % 10) for i in ids], pa.list_(pa.float32())),
        }
    )
    write_table(table, path, {})
    return path


def sky(n: int, seed: int, ra: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(ra, ra + 4, n), rng.uniform(30, 34, n)


def rows_of(folder: Path, name: str = "stars") -> pa.Table:
    pixels = read_partitions(folder / name)
    return pa.concat_tables(
        [pq.read_table(folder / name / "dataset" / p.path, partitioning=None) for p in pixels]
    )


def test_every_star_is_in_one_partition_that_holds_its_place(tmp_path: Path) -> None:
    path = write_stars(tmp_path / "field_1.parquet", *sky(500, 1))
    summary = export_hats([path], tmp_path / "out", max_rows=60)
    pixels = read_partitions(tmp_path / "out" / "stars")
    assert summary == HatsSummary(500, len(pixels), len(pixels), 0, 500)
    assert len(pixels) > 8
    for pixel in pixels:
        table = pq.read_table(tmp_path / "out/stars/dataset" / pixel.path, partitioning=None)
        cells = table.column("_healpix_29").to_numpy()
        assert 0 < len(cells) <= 60
        assert (np.diff(cells) >= 0).all()
        assert set(cells >> 2 * (29 - pixel.order)) == {pixel.number}
    found = rows_of(tmp_path / "out").sort_by("star_id")
    assert found.column("star_id").to_pylist() == list(range(1, 1001, 2))
    assert set(found.column("target").to_pylist()) == {"field_1"}


def test_the_margin_has_all_stars_within_its_width(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    path = write_stars(
        tmp_path / "f.parquet", rng.uniform(20, 20.2, 4000), rng.uniform(30, 30.2, 4000)
    )
    export_hats([path], tmp_path / "out", max_rows=300, margin_arcsec=20.0)
    pixels = read_partitions(tmp_path / "out" / "stars")
    assert len(pixels) > 10
    for pixel in pixels:
        inside = pq.read_table(tmp_path / "out/stars/dataset" / pixel.path, partitioning=None)
        margin_path = tmp_path / "out/stars_margin/dataset" / pixel.path
        margin = set()
        if margin_path.exists():
            margin = set(pq.read_table(margin_path, partitioning=None)["star_id"].to_pylist())
        every = rows_of(tmp_path / "out")
        ra, dec, ids = (every.column(n).to_numpy() for n in ("ra", "dec", "star_id"))
        tree = PositionTree(ra, dec)
        # a star near one inside is near the pixel
        pairs = tree.within(inside["ra"].to_numpy(), inside["dec"].to_numpy(), 20.0)
        near = set(ids[np.unique(pairs.found)]) - set(inside["star_id"].to_pylist())
        assert near <= margin
        assert not margin & set(inside["star_id"].to_pylist())


def test_points_of_all_bands_are_nested_by_light_curve_and_time(tmp_path: Path) -> None:
    path = write_stars(tmp_path / "f.parquet", *sky(3, 1), first_id=1)
    units = [
        write_curves(tmp_path / "u1.parquet", [1, 3, 5]),
        write_curves(tmp_path / "u2.parquet", [2, 6, 99]),
    ]
    summary = export_hats([path], tmp_path / "out", light_curves=units)
    assert summary.without_points == 0
    first, second, third = rows_of(tmp_path / "out").sort_by("star_id")["lightcurve"].to_pylist()
    assert first["_id"] == [1, 2, 2]
    assert first["filter"] == [1, 2, 2]
    assert first["hmjd"] == [100.0, 200.0, 201.0]
    assert first["mag"] == [16.0, 17.0, 17.0]
    assert second["_id"] == [3, 3, 3]
    assert third["_id"] == [5] * 5 + [6] * 6


def test_a_new_field_adds_partitions_and_leaves_the_others(tmp_path: Path) -> None:
    one = write_stars(tmp_path / "field_1.parquet", *sky(300, 1))
    far = write_stars(tmp_path / "field_2.parquet", *sky(300, 2, ra=200.0), first_id=10_001)
    export_hats([one], tmp_path / "out", max_rows=100)
    before = {
        p: (tmp_path / "out/stars/dataset" / p.path).stat().st_ino
        for p in read_partitions(tmp_path / "out" / "stars")
    }
    summary = export_hats([far], tmp_path / "out", max_rows=100)
    pixels = read_partitions(tmp_path / "out" / "stars")
    assert summary.stars == 600
    assert summary.written == len(pixels) - len(before)
    for pixel, inode in before.items():
        assert (tmp_path / "out/stars/dataset" / pixel.path).stat().st_ino == inode


def test_a_field_can_be_exported_again_and_in_any_order(tmp_path: Path) -> None:
    one = write_stars(tmp_path / "field_1.parquet", *sky(300, 1))
    near = write_stars(tmp_path / "field_2.parquet", *sky(300, 2, ra=22.0), first_id=10_001)
    export_hats([one], tmp_path / "out", max_rows=100)
    export_hats([near], tmp_path / "out", max_rows=100)
    write_stars(one, *sky(50, 5))
    export_hats([one], tmp_path / "out", max_rows=100)
    found = rows_of(tmp_path / "out").sort_by("star_id")
    expected = [*range(1, 101, 2), *range(10_001, 10_601, 2)]
    assert found.column("star_id").to_pylist() == expected
    both = export_hats([near, one], tmp_path / "both", max_rows=100)
    assert both.stars == 350
    assert not rows_of(tmp_path / "out").num_rows - rows_of(tmp_path / "both").num_rows
    margin = rows_of(tmp_path / "out", "stars_margin").column("star_id").to_pylist()
    assert set(margin) <= set(expected)


def test_stars_without_a_position_are_kept_apart(tmp_path: Path) -> None:
    ra, dec = sky(10, 1)
    ra[3] = dec[3] = np.nan
    path = write_stars(tmp_path / "f.parquet", ra, dec)
    summary = export_hats([path], tmp_path / "out")
    assert (summary.stars, summary.left_out) == (9, 1)
    lost = pq.read_table(tmp_path / "out" / "left_out.parquet")
    assert lost.column("star_id").to_pylist() == [7]


def test_what_cannot_be_added_changes_nothing(tmp_path: Path) -> None:
    path = write_stars(tmp_path / "f.parquet", *sky(10, 1))
    export_hats([path], tmp_path / "out")
    other = tmp_path / "g.parquet"
    write_table(pq.read_table(path).append_column("more", pa.array([1] * 10)), other, {})
    before = sorted(str(p) for p in tmp_path.rglob("*"))
    with pytest.raises(InputError, match="other columns"):
        export_hats([other], tmp_path / "out")
    with pytest.raises(InputError, match="no HATS collection"):
        export_hats([path], tmp_path)
    with pytest.raises(InputError, match="one target"):
        export_hats([path, path], tmp_path / "new")
    # Names are of folders in the collection: these would lie beside it, or nowhere.
    for name in ("../beside", "a/b", "", ".hidden", "/tmp"):
        with pytest.raises(InputError, match="name of a catalogue"):
            export_hats([path], tmp_path / "new", name=name)
    assert sorted(str(p) for p in tmp_path.rglob("*")) == before


def test_a_field_that_another_program_adds_meanwhile_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [
        write_stars(tmp_path / f"{n}.parquet", *sky(10, n), first_id=10 * n) for n in (1, 2, 3)
    ]
    export_hats(paths[:1], tmp_path / "out")
    alone = hats._Writer.add

    def while_another_adds(writer: object, *given: object) -> object:
        monkeypatch.setattr(hats._Writer, "add", alone)
        export_hats([paths[1]], tmp_path / "out")
        return alone(writer, *given)

    monkeypatch.setattr(hats._Writer, "add", while_another_adds)
    with pytest.raises(InputError, match="another program has written meanwhile"):
        export_hats([paths[2]], tmp_path / "out")
    kept = pq.read_table(tmp_path / "out" / "stars" / "dataset")
    assert sorted(set(kept.column("target").to_pylist())) == ["1", "2"]
    export_hats([paths[2]], tmp_path / "out")
    kept = pq.read_table(tmp_path / "out" / "stars" / "dataset")
    assert sorted(kept.column("target").to_pylist()) == [*"1" * 10, *"2" * 10, *"3" * 10]


def test_partitions_never_overlap_those_that_stay() -> None:
    ra, dec = sky(400, 7)
    cells = np.sort(healpix_29(ra, dec))
    first = next(iter(partition(cells, [], 50)))
    rest = cells[(cells < first.start) | (cells >= first.stop)]
    found = partition(rest, [first], 10**6)
    index = PartitionIndex([first, *found])
    ends = [(p.start, p.stop) for p in index.pixels]
    assert all(stop <= start for (_, stop), (start, _) in itertools.pairwise(ends))
    assert sum(part.stop - part.start for part in found.values()) == len(rest)
    assert (index.find(cells) >= 0).all()
    assert Pixel(0, 3).start == 3 << 58
