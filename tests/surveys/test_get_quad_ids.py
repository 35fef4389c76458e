"""Lists of ids: where they are written, what is in them, and that they can be read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from scope.errors import CorruptFileError, InputError, NotFoundError, ServiceError
from scope.surveys.archive import Archive
from scope.surveys.get_quad_ids import ArchiveIds, KowalskiIds, get_quad_ids, read_quad_ids
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import SOURCES, collections_of, kowalski_id
from tests.surveys.bulk_files import write_bulk
from tests.surveys.kowalski_sky import survey_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Field 300: quadrant 3 of detector 2 in two filters, quadrant 1 of detector 2 in one."""
    write_bulk(tmp_path / "archive", [30, 5, 20, 19], ccd=2, quad=3)
    write_bulk(tmp_path / "archive", [40], ccd=2, quad=3, band="r")
    write_bulk(tmp_path / "archive", [50, 60], ccd=2, quad=1)
    return tmp_path / "archive"


@pytest.fixture
def stub(folder: Path) -> Iterator[StubKowalski]:
    with StubKowalski(collections_of(folder)) as server:
        yield server


def test_a_whole_field_is_one_file_with_a_count_of_each_quadrant(folder, tmp_path) -> None:
    source = ArchiveIds(Archive(folder))
    quadrants = get_quad_ids(source, 300, tmp_path / "ids", whole_field=True)
    assert len(quadrants) == 64
    with h5py.File(tmp_path / "ids" / "field_300.h5") as file:
        assert list(file) == ["dataset_field_300"]
        ids = file["dataset_field_300"][()]
    assert ids.dtype == np.int64
    assert np.all(np.diff(ids) > 0)
    # epochs of at least 20: two of g and one of r in quadrant 3, both in quadrant 1
    assert len(ids) == 5
    meta = json.loads((tmp_path / "ids" / "meta.json").read_text())
    assert meta["catalog"] == "DR5"
    assert (meta["field"], meta["minobs"], meta["total"]) == (300, 20, 5)
    assert (meta["ccd_range"], meta["quad_range"]) == ([1, 16], [1, 4])
    assert meta["ccd"]["2"]["quad"] == {"1": 2, "2": 0, "3": 3, "4": 0}
    assert sorted(path.name for path in (tmp_path / "ids").iterdir()) == [
        "field_300.h5",
        "meta.json",
    ]


def test_quadrants_have_a_file_each_and_the_same_as_text(folder, tmp_path) -> None:
    source = ArchiveIds(Archive(folder))
    get_quad_ids(source, 300, tmp_path, ccds=[2], quads=[1, 3], min_epochs=0, skip=1)
    ids = read_quad_ids(tmp_path / "data_ccd_02_quad_3.h5")
    assert len(ids) == 4
    with h5py.File(tmp_path / "data_ccd_02_quad_3.h5") as file:
        assert list(file) == ["dataset_ccd_2_quad_3_field_300"]
    text = (tmp_path / "data_ccd_2_quad_3_field_300.csv").read_text()
    assert [int(line) for line in text.splitlines()] == ids.tolist()
    assert len(read_quad_ids(tmp_path / "data_ccd_02_quad_1.h5")) == 1


@pytest.mark.parametrize("queries", [1, 4])
def test_kowalski_lists_what_the_archive_lists(folder, stub, tmp_path, queries) -> None:
    stub.faults.at_random(0.05)
    source = KowalskiIds(survey_of(stub, queries=queries).client, SOURCES, rows=2)
    found = get_quad_ids(source, 300, tmp_path, ccds=[1, 2], whole_field=True)
    expected = get_quad_ids(ArchiveIds(Archive(folder)), 300, tmp_path / "b", ccds=[1, 2])
    for one, other in zip(found, expected, strict=True):
        assert one[:2] == other[:2]
        rc = 4 * (other.ccd - 1) + other.quad - 1
        assert one.ids.tolist() == sorted(kowalski_id(number, rc) for number in other.ids.tolist())
    assert read_quad_ids(tmp_path / "field_300.h5").tolist() == sorted(
        number for part in found for number in part.ids.tolist()
    )


def test_epochs_of_features_are_those_of_cleaned_light_curves(tmp_path) -> None:
    documents = [
        {"_id": 10**13 + 300 * 10**9 + 10**6 + k, "field": 300, "ccd": 1, "quad": 1, "n": float(n)}
        for k, n in enumerate([19, 20, 21])
    ]
    with StubKowalski({"ZTF_source_features_DR16": documents}) as server:
        source = KowalskiIds(survey_of(server).client, "ZTF_source_features_DR16")
        assert source.ids(300, 1, 1, 20).tolist() == [one["_id"] for one in documents[1:]]


@pytest.mark.parametrize("placed", [(), (0, 1), (0, 1, 2, 3)])
def test_features_are_listed_by_their_ids_where_documents_have_no_places(placed) -> None:
    """Some with field, ccd and quad, as the first ones had them, and some without.

    Which are of the quadrant is what the ids say: field 300, detector 1, quadrant 1.
    """
    ours = [10**13 + 300 * 10**9 + band * 10**6 + k for band in (1, 2, 3) for k in (0, 999_999)]
    others = [ours[0] + 10**7, ours[0] + 10**9, ours[0] - 10**9]
    documents = [{"_id": number, "n": 30.0} for number in (*ours, *others)]
    for k in placed:
        documents[k].update(field=300, ccd=1, quad=1)
    with StubKowalski({"ZTF_source_features_DR16": documents}) as server:
        source = KowalskiIds(survey_of(server).client, "ZTF_source_features_DR16", rows=4)
        assert source.ids(300, 1, 1, 20).tolist() == sorted(ours)
        assert source.ids(300, 1, 1, 31).tolist() == []
        assert source.ids(300, 2, 1, 20).tolist() == []


def test_a_field_without_light_curves_is_an_error_and_leaves_no_files(tmp_path) -> None:
    documents = [{"_id": 10**13 + 300 * 10**9 + 10**6, "n": 30.0}]
    with StubKowalski({"ZTF_source_features_DR16": documents}) as server:
        source = KowalskiIds(survey_of(server).client, "ZTF_source_features_DR16")
        assert len(get_quad_ids(source, 300, tmp_path / "300")) == 64
        with pytest.raises(NotFoundError, match="no light curves of field 331"):
            get_quad_ids(source, 331, tmp_path / "331", whole_field=True)
    assert not (tmp_path / "331").exists()


def test_ids_of_another_form_are_noticed_and_not_lost(tmp_path) -> None:
    documents = [{"_id": 300101100000001, "field": 300, "ccd": 1, "quad": 1, "nobs": 50}]
    with (
        StubKowalski({SOURCES: documents}) as server,
        pytest.raises(ServiceError, match=r"0 of 1 documents.*another form"),
    ):
        KowalskiIds(survey_of(server).client, SOURCES).ids(300, 1, 1, 20)


def test_lists_of_floats_are_read_as_ids(tmp_path) -> None:
    # as SCoPe writes them
    path = tmp_path / "ids.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("dataset_field_300", data=np.array([10300012009946.0, 5.0]))
    assert read_quad_ids(path).tolist() == [10300012009946, 5]


def test_files_that_hold_no_ids_are_refused(tmp_path) -> None:
    with pytest.raises(NotFoundError, match="get-quad-ids"):
        read_quad_ids(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(CorruptFileError, match="not readable as HDF5"):
        read_quad_ids(tmp_path / "text.h5")
    with h5py.File(tmp_path / "parts.h5", "w") as file:
        file.create_dataset("a", data=[1.5])
    with pytest.raises(InputError, match="no whole number, in row 1"):
        read_quad_ids(tmp_path / "parts.h5")


def test_no_file_of_ids_leads_elsewhere_or_asks_for_much_memory(tmp_path) -> None:
    path, other = tmp_path / "ids.h5", tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["a"] = np.arange(3)

    def link(file: h5py.File) -> None:
        file["a"] = h5py.ExternalLink("other.h5", "a")

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout(3, "i8")
        layout[:] = h5py.VirtualSource(other, "a", (3,))
        file.create_virtual_dataset("a", layout)

    def external(file: h5py.File) -> None:
        file.create_dataset("a", (3,), "i8", external=[("/etc/passwd", 0, 24)])

    def huge(file: h5py.File) -> None:
        # chunks that are nowhere: 80 GB of zeros in a file of a few kB
        file.create_dataset("a", (10**10,), "i8", chunks=(10**6,), compression="gzip")

    def objects(file: h5py.File) -> None:
        rows = file.create_dataset("a", (1,), h5py.vlen_dtype(np.uint8))
        rows[0] = np.arange(2, dtype=np.uint8)

    def rounded(file: h5py.File) -> None:
        file["a"] = np.array([1.2376555045679268e18])

    for write, message in (
        (link, "link a"),
        (virtual, "in another file"),
        (external, "in another file"),
        (huge, "far more than it holds"),
        (objects, "no fixed size"),
        (rounded, "rounded, in row 1"),
    ):
        with h5py.File(path, "w") as file:
            write(file)
        with pytest.raises(InputError, match=message) as error:
            read_quad_ids(path)
        assert "ids.h5" in str(error.value)
