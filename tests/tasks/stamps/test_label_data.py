"""Labelled sets of a simulated night, against its truth and against astropy."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from scope.errors import ConfigError, DuplicateIdError, InputError, ScopeError
from scope.tasks.stamps import label_data, label_runs, truth
from scope.tasks.stamps.cutouts import PAD, cut
from scope.tasks.stamps.image_folder import ImageFolder
from scope.tasks.stamps.label_images import LabelOptions, choose_rows
from scope.tasks.stamps.sets import COLUMNS, detection_id, open_set
from scope.tasks.stamps.simulation.write import simulate_night
from tests.tasks.stamps.conftest import OPTIONS

SIZE = 21


@pytest.fixture(scope="module")
def made(night, tmp_path_factory):
    return label_data.make(
        n_images=4, out_dir=tmp_path_factory.mktemp("sets"), images=night, stamp_size=SIZE, nproc=1
    )


def truth_by_id(night):
    """Truth rows by the ids of labelled sets."""
    truth = pd.read_csv(night / "truth.csv")
    row = truth.groupby("image_id").cumcount()
    ids = [detection_id(i, r) for i, r in zip(truth["image_id"], row, strict=True)]
    return truth.assign(label_id=ids).set_index("label_id")


def test_the_folder_is_as_documented(made):
    names = sorted(path.name for path in made.iterdir())
    assert names == [f"{made.name}.log", "data_labels.csv", "data_stamps.h5"]
    assert pd.Timestamp(made.name.removeprefix("data_"))
    labels, stamps = open_set(made)
    assert tuple(labels.columns) == COLUMNS
    assert stamps.shape == (SIZE, SIZE, 6)
    assert labels["number"].tolist() == list(range(len(stamps)))


def test_pytables_reads_the_stamps_as_an_extendable_array(made):
    import tables

    with tables.open_file(str(made / "data_stamps.h5")) as file:
        array = file.root.src
        assert isinstance(array, tables.EArray)
        assert array.dtype == np.float64


def test_labels_are_what_the_truth_says(made, night):
    labels, _ = open_set(made)
    truth = truth_by_id(night).loc[labels["id"]]
    real = labels["metalabel"].to_numpy() == "mp"
    assert real.sum() > 10
    # A prediction within 1 arcsec of a detection is its minor planet.
    assert np.mean(truth["kind"].to_numpy()[real] == "minor_planet") > 0.9
    bogus = ~real
    assert set(labels.loc[bogus, "metalabel"]) == {"randjunk"}
    assert (labels.loc[bogus, "realbogus"] < 0.6).all()
    assert np.mean(truth["real"].to_numpy()[bogus]) < 0.25


def test_stamps_are_those_of_astropy(made):
    labels, stamps = open_set(made)
    for number in (0, len(labels) // 2, len(labels) - 1):
        row = labels.iloc[number]
        with fits.open(row["fits_filepath"]) as file:
            for layer, name in enumerate(("IMAGE", "TEMPLATE", "DIFFERENCE")):
                expected = Cutout2D(
                    file[name].data.astype(float),
                    SkyCoord(row["ra"], row["dec"], unit="deg"),
                    SIZE,
                    wcs=WCS(file[name].header),
                    mode="partial",
                    fill_value=PAD,
                )
                assert np.array_equal(stamps.read([number])[0, :, :, layer], expected.data)


def test_layers_of_exposures_are_their_range_and_ends(made, night):
    labels, stamps = open_set(made)
    row = labels.iloc[0]
    exposures = ImageFolder(night).exposures(
        next(i for i in ImageFolder(night).images() if i.image_id == row["image_id"])
    )
    cube = []
    for path in exposures:
        with fits.open(path) as file:
            x, y = WCS(file["IMAGE"].header).all_world2pix(row["ra"], row["dec"], 0)
            cube.append(cut(file["IMAGE"].data.astype(float), float(x), float(y), SIZE))
    ptp, low, high = np.moveaxis(stamps.read([0])[0, :, :, 3:], -1, 0)
    assert np.array_equal(ptp, np.ptp(cube, axis=0))
    assert np.array_equal(low, np.min(cube, axis=0))
    assert np.array_equal(high, np.max(cube, axis=0))


@pytest.mark.parametrize("size", [5, 6, 21])
@pytest.mark.parametrize("place", [(0.4, 0.6), (7.5, 3.49), (29.6, 10.0), (12.5, 12.5)])
def test_a_cut_at_the_edge_is_padded_as_by_astropy(size, place):
    image = np.arange(900.0).reshape(30, 30)
    expected = Cutout2D(image, place, size, mode="partial", fill_value=PAD).data
    assert np.array_equal(cut(image, *place, size), expected)


def test_a_cut_beyond_the_image_is_all_padding():
    assert (cut(np.ones((9, 9)), 100.0, 4.0, 5) == PAD).all()
    assert (cut(np.ones((9, 9)), np.nan, 4.0, 5) == PAD).all()


@pytest.mark.parametrize("how", [{"nproc": 2}, {"image_chunk": 1}, {"image_chunk": 3}])
def test_the_set_depends_on_neither_processes_nor_chunks(made, night, tmp_path, how):
    again = label_data.make(
        4, out_dir=tmp_path, images=night, stamp_size=SIZE, **{"nproc": 1, **how}
    )
    for name in ("data_labels.csv", "data_stamps.h5"):
        assert (again / name).read_bytes() == (made / name).read_bytes()


def test_a_killed_run_is_gone_on_with(made, night, tmp_path, monkeypatch):
    how = {"out_dir": tmp_path, "images": night, "stamp_size": SIZE, "nproc": 1, "image_chunk": 1}
    whole = label_runs._write_chunk
    done = []

    def killed(labels, *arguments):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(labels)
        return whole(labels, *arguments)

    monkeypatch.setattr(label_runs, "_write_chunk", killed)
    with pytest.raises(KeyboardInterrupt):
        label_data.make(4, **how)
    (folder,) = tmp_path.iterdir()
    assert not (folder / "data_labels.csv").exists()
    done.clear()
    monkeypatch.setattr(label_runs, "_write_chunk", lambda *a: done.append(a) or whole(*a))
    assert label_data.make(4, **how) == folder
    assert len(done) == 2
    for name in ("data_labels.csv", "data_stamps.h5"):
        assert (folder / name).read_bytes() == (made / name).read_bytes()
    assert not (folder / ".parts").exists()


@pytest.fixture
def torn(monkeypatch):
    """A run of one image a chunk, killed after its second."""
    whole, done = label_runs._write_chunk, []

    def killed(labels, *arguments):
        done.append(labels)
        if len(done) == 3:
            monkeypatch.setattr(label_runs, "_write_chunk", whole)
            raise KeyboardInterrupt
        return whole(labels, *arguments)

    def tear(make, *arguments, **how):
        monkeypatch.setattr(label_runs, "_write_chunk", killed)
        with pytest.raises(KeyboardInterrupt):
            make(*arguments, **how)

    return tear


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A night of the same seed, and so of the same ids, with other variable stars."""
    options = replace(OPTIONS, variable_stars=0.5)
    return simulate_night(tmp_path_factory.mktemp("other"), options)


def a_position_table(night, path):
    pd.read_csv(night / "minor_planets.csv").iloc[2:].to_csv(path, index=False)
    return path


@pytest.mark.parametrize("differs", ["night", "position_table", "image_chunk", "file"])
def test_a_killed_run_is_not_gone_on_with_by_another(night, other, torn, tmp_path, differs):
    """Expected: the rows of a run that nobody killed."""
    first = shutil.copytree(night, tmp_path / "first")
    how = {"images": first, "stamp_size": SIZE, "nproc": 1, "image_chunk": 1}
    torn(label_data.make, 4, out_dir=tmp_path / "sets", **how)

    def made_anew():
        # In its own folder; images.csv stays what it was.
        shutil.copytree(other / "final", first / "final", dirs_exist_ok=True)
        return {}

    changes = {
        "night": lambda: {"images": other},
        "position_table": lambda: {"position_table": a_position_table(night, tmp_path / "t.csv")},
        "image_chunk": lambda: {"image_chunk": 2},
        # The night was made anew in its folder; images.csv stays what it was.
        "file": lambda: (
            shutil.copytree(other / "final", first / "final", dirs_exist_ok=True) and {}
        ),
    }
    how |= changes[differs]()
    made = label_data.make(4, out_dir=tmp_path / "sets", **how)
    whole = label_data.make(4, out_dir=tmp_path / "whole", **how)
    for name in ("data_labels.csv", "data_stamps.h5"):
        assert (made / name).read_bytes() == (whole / name).read_bytes()


def test_a_killed_truth_set_is_not_gone_on_with_by_another_night(
    night, other, torn, tmp_path, monkeypatch
):
    monkeypatch.setattr(truth, "CHUNK", 1)
    torn(truth.make_truth_set, night, tmp_path / "sets", stamp_size=SIZE)
    made = truth.make_truth_set(other, tmp_path / "sets", stamp_size=SIZE)
    labels, stamps = open_set(made)
    stamps.close()
    assert len(labels) == len(pd.read_csv(other / "truth.csv"))
    assert len(labels) != len(pd.read_csv(night / "truth.csv"))


def test_the_nearest_of_any_prediction_is_never_bogus():
    # Worked by hand: 5 detections in a row, 3600 arcsec apart; one prediction on the first,
    # one far off whose nearest is the last.
    detections = pd.DataFrame(
        {"ra": [10.0, 11, 12, 13, 14], "dec": 0.0, "realbogus": [0.9, 0.1, 0.2, 0.7, 0.1]}
    )
    planets = pd.DataFrame({"ra": [10.0, 17.0], "dec": [0.0, 0.0]})
    real, bogus = choose_rows(detections, planets, 1, LabelOptions())
    assert real.tolist() == [0]
    assert bogus.tolist() == [1, 2]  # 3 is above the old score's limit, 4 is barred.
    none = choose_rows(detections, planets, 1, LabelOptions(bogus_every=0))
    assert none[1].tolist() == []


def test_one_detection_of_two_predictions_stands_once():
    detections = pd.DataFrame({"ra": [10.0, 11], "dec": 0.0, "realbogus": 0.9})
    planets = pd.DataFrame({"ra": [10.0, 10.0001], "dec": [0.0, 0.0]})
    assert choose_rows(detections, planets, 1, LabelOptions())[0].tolist() == [0]


def test_draws_differ_between_images_and_follow_the_seed():
    detections = pd.DataFrame({"ra": np.arange(60.0), "dec": 0.0, "realbogus": 0.1})
    planets = pd.DataFrame({"ra": [0.0], "dec": [0.0]})
    draws = [choose_rows(detections, planets, image, LabelOptions())[1] for image in (1, 2, 1)]
    assert not np.array_equal(draws[0], draws[1])
    assert np.array_equal(draws[0], draws[2])


def test_votes_go_to_the_detection_of_their_id(made, night, tmp_path):
    import shutil

    folder = shutil.copytree(made, tmp_path / made.name)
    candidates = pd.read_csv(night / "candidates.csv")
    chosen = candidates.sample(8, random_state=3)
    votes = pd.DataFrame({"photometry_id": chosen["id"], "label": [1, 0, -1, 1, 0, 0, 1, 0]})
    votes = pd.concat([votes, pd.DataFrame({"photometry_id": [77], "label": [1]})])
    votes.to_csv(tmp_path / "votes.csv", index=False)
    label_data.add_marshall_cands(
        folder, tmp_path / "votes.csv", stamp_size=SIZE, nproc=1, image_chunk=1, images=night
    )
    labels, stamps = open_set(folder)
    added = labels[labels["metalabel"] == "marshall"]
    assert len(added) == 8
    # Positions come from the candidate table, labels from the votes: joined by position here.
    both = added.merge(chosen.assign(vote=votes["label"].to_numpy()[:8]), on=["ra", "dec"])
    assert len(both) == 8
    assert (both["label"] == both["vote"]).all()
    assert labels["number"].tolist() == list(range(len(labels)))
    row = added.iloc[3]
    with fits.open(row["fits_filepath"]) as file:
        expected = cut(file["DIFFERENCE"].data.astype(float), row["x"], row["y"], SIZE)
    assert np.array_equal(stamps.read([row["number"]])[0, :, :, 2], expected)
    assert "77" in (folder / f"{folder.name}.log").read_text()
    with pytest.raises(DuplicateIdError):
        label_data.add_marshall_cands(
            folder, tmp_path / "votes.csv", stamp_size=SIZE, nproc=1, images=night
        )
    with pytest.raises(ConfigError, match="stamp_size"):
        label_data.add_marshall_cands(
            folder, tmp_path / "votes.csv", stamp_size=31, nproc=1, images=night
        )


def test_two_votes_on_one_detection_are_refused(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("photometry_id,label\n5,1\n5,0\n")
    with pytest.raises(DuplicateIdError, match="5"):
        label_data.read_votes(path)


def test_synthetic_transients_are_the_sum_of_two_stamps(night, tmp_path):
    how = {"images": night, "stamp_size": SIZE, "nproc": 1, "match_rad": 1.5}
    folder = label_data.add_synthetic_transients(
        4, out_dir=tmp_path, max_mag=16.6, resid_every=2, **how
    )
    labels, stamps = open_set(folder)
    counts = labels["metalabel"].value_counts()
    assert counts["syntransient"] > 3
    assert counts["glxresid"] > counts["syntransient"]  # resid_every counts.
    real = labels[labels["metalabel"] == "syntransient"]
    assert (real["label"] == 1).all()
    row = real.iloc[0]
    with fits.open(row["fits_filepath"]) as file:
        image = file["DIFFERENCE"].data.astype(float)
        table = file["PHOTOMETRY_DIFF"].data
    # The minor planet is the detection whose photometry the row has.
    mover = table[np.flatnonzero(table["mag"] == row["mag"])[0]]
    expected = cut(image, mover["x"], mover["y"], SIZE) + cut(image, row["x"], row["y"], SIZE)
    assert np.array_equal(stamps.read([row["number"]])[0, :, :, 2], expected)
    ptp, low, high = np.moveaxis(stamps.read([row["number"]])[0, :, :, 3:], -1, 0)
    assert np.allclose(ptp, high - low, atol=1e-9)
    residual = labels[labels["metalabel"] == "glxresid"]
    assert (residual[["fwhm", "realbogus"]] == 99.99).all(axis=None)
    # Every galaxy has a jitter of its own.
    assert len(set(np.round(real["x"] % 1, 6))) == len(real)


def test_another_survey_plugs_in(night, tmp_path, monkeypatch):
    source = ImageFolder(night)
    monkeypatch.setattr(label_data, "get_images", lambda n: source.images(n))
    monkeypatch.setattr(label_data, "get_individual_images", lambda image: [])
    how = {"stamp_size": SIZE, "nproc": 1, "position_table": night / "minor_planets.csv"}
    folder = label_data.make(2, out_dir=tmp_path, **how)
    _, stamps = open_set(folder)
    assert (stamps.read(np.arange(len(stamps)))[..., 3:] == 0).all()
    monkeypatch.setattr(label_data, "IMAGE_EXT", "SCI")
    with pytest.raises(InputError, match="SCI"):
        label_data.make(2, out_dir=tmp_path, **how)


@pytest.mark.parametrize("numbers", [{}, {"n_images": 0}, {"nimages": 3, "n_images": 4}])
def test_the_number_of_images_is_asked_for_once(night, tmp_path, numbers):
    with pytest.raises(ConfigError, match="n_images"):
        label_data.make(**numbers, images=night, out_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def spoil(night, tmp_path, change):
    """A copy of the first image of the night with a change."""
    index = pd.read_csv(night / "images.csv")
    row = index.iloc[[0]].assign(filepath="x.fits")
    row.to_csv(tmp_path / "images.csv", index=False)
    pd.read_csv(night / "minor_planets.csv").to_csv(tmp_path / "minor_planets.csv", index=False)
    path = tmp_path / "x.fits"
    with fits.open(night / index.iloc[0]["filepath"]) as file:
        change(file)
        file.writeto(path)
    return path


def without(name):
    return lambda file: file.pop([hdu.name for hdu in file].index(name))


def without_wcs(file):
    for key in ("CTYPE1", "CTYPE2"):
        del file["TEMPLATE"].header[key]


def one_detection(file):
    file["PHOTOMETRY_DIFF"].data = file["PHOTOMETRY_DIFF"].data[:1]


def repeated_ids(file):
    file["PHOTOMETRY_DIFF"].data["id"][1] = file["PHOTOMETRY_DIFF"].data["id"][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("TEMPLATE"), "without an extension: 'TEMPLATE'"),
        (without("PHOTOMETRY_DIFF"), "without an extension: 'PHOTOMETRY_DIFF'"),
        (without_wcs, "TEMPLATE .* without world coordinates"),
        (repeated_ids, "stand twice"),
    ],
)
def test_an_image_that_cannot_be_used_is_one_clear_line(night, tmp_path, change, said):
    spoil(night, tmp_path, change)
    out = tmp_path / "out"
    with pytest.raises(ScopeError, match=said):
        label_data.make(1, out_dir=out, images=tmp_path, stamp_size=SIZE, nproc=1)
    assert list(out.iterdir()) == []


def test_a_truncated_image_is_left_out_with_a_word(night, tmp_path):
    path = spoil(night, tmp_path, lambda file: None)
    path.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(ScopeError, match=r"none of 1 images can be used.*x\.fits"):
        label_data.make(1, out_dir=tmp_path / "o", images=tmp_path, stamp_size=SIZE, nproc=1)


def test_an_image_with_one_detection_gives_no_rows(night, tmp_path):
    spoil(night, tmp_path, one_detection)
    folder = label_data.make(1, out_dir=tmp_path / "o", images=tmp_path, stamp_size=SIZE, nproc=1)
    assert len(open_set(folder)[0]) == 0
    assert "1 detections" in (folder / f"{folder.name}.log").read_text()


def test_a_bad_image_does_not_end_the_run_of_good_ones(night, tmp_path):
    index = pd.read_csv(night / "images.csv")
    index["filepath"] = [str(night / path) for path in index["filepath"]]
    index.loc[0, "filepath"] = "gone.fits"
    index.to_csv(tmp_path / "images.csv", index=False)
    pd.read_csv(night / "minor_planets.csv").to_csv(tmp_path / "minor_planets.csv", index=False)
    folder = label_data.make(3, out_dir=tmp_path / "o", images=tmp_path, stamp_size=SIZE, nproc=1)
    assert len(open_set(folder)[0]) > 5
    assert "gone.fits" in (folder / f"{folder.name}.log").read_text()
