"""Labelled light curves of other surveys, made like those of ZTF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import ConfigError, InputError, NotFoundError
from scope.io import read_table, write_table
from scope.surveys.label_map import LABELS, LabelMap
from scope.surveys.resample_labelled import FAINTEST, LIMIT, ZTF_ERRORS, resample_labelled
from scope.surveys.simulation import CLASSES
from scope.surveys.visibility import VISIBLE

N = 900


def labelled_set(folder: Path, name: str, stars: list[dict[str, Any]]) -> None:
    """Write a set of sine waves with an amplitude of 1 mag, 7 years long."""
    rng = np.random.default_rng(len(name))
    curves, labels = [], []
    for star in stars:
        time = np.sort(rng.uniform(52000.0, 52000.0 + 7 * 365.25, N))
        sine = star.get("amplitude", 0.5) * np.sin(2 * np.pi * time / 0.6)
        curves.append(
            {
                "objectid": star["id"],
                "filterid": star.get("filter", 1),
                "objra": star.get("ra"),
                "objdec": star.get("dec"),
                "hmjd": time,
                "mag": 11.0 + sine,
                "magerr": np.full(N, star.get("error", 0.03)),
            }
        )
        labels.append(
            {
                "objectid": star["id"],
                "class": star.get("class", "RRab"),
                "sourceid": star.get("star", str(star["id"])),
                "band": star.get("band", "V"),
            }
        )
    (folder / name).mkdir(parents=True)
    write_table(pa.Table.from_pylist(curves), folder / name / "lightcurves.parquet", {})
    write_table(pa.Table.from_pylist(labels), folder / name / "labels.parquet", {})


def resampled(root: Path, folder: Path, output: Path, *sets: str) -> tuple[Any, Any]:
    resample_labelled(folder, output, sets=sets, label_map=root / "config" / "labels.yaml")
    tables = [read_table(output / f"{name}.parquet") for name in ("lightcurves", "truth")]
    return tuple(table.to_pandas().sort_values("objectid", ignore_index=True) for table in tables)


def test_light_curves_look_as_ztf_would_have_seen_them(root: Path, tmp_path: Path) -> None:
    labelled_set(tmp_path, "one", [{"id": number} for number in range(1, 41)])
    curves, _ = resampled(root, tmp_path, tmp_path / "out", "one")
    counts = curves["hmjd"].map(len).to_numpy()
    assert 100 < np.median(counts) < 200
    assert counts.max() <= 600
    spans = curves["hmjd"].map(lambda times: times[-1] - times[0])
    assert spans.between(1.8 * 365.25, 5 * 365.25).all()
    assert curves["mag"].map(max).max() < LIMIT
    assert curves["mag"].map(lambda mag: np.percentile(mag, 90)).max() < FAINTEST + 0.3
    for mag, error in zip(curves["mag"], curves["magerr"], strict=True):
        # The error is ZTF's where that is larger than the 0.03 mag of the set.
        np.testing.assert_array_less(0.02999, error)
        assert np.median(error) > 0.9 * float(ZTF_ERRORS[1](np.array([np.median(mag)]))[0])


def test_added_noise_is_what_the_errors_say(root: Path, tmp_path: Path) -> None:
    still = {"class": "CONSTANT", "amplitude": 0.0, "error": 0.0}
    labelled_set(tmp_path, "one", [{"id": number, **still} for number in range(1, 21)])
    curves, _ = resampled(root, tmp_path, tmp_path / "out", "one")
    pulls = [
        (mag - np.mean(mag)) / error
        for mag, error in zip(curves["mag"], curves["magerr"], strict=True)
    ]
    # 20 stars of about 130 points each: the standard deviation is known to 1.5 %.
    assert np.std(np.concatenate(pulls)) == pytest.approx(1.0, abs=0.06)


def test_no_star_becomes_so_faint_that_noise_hides_its_variation(
    root: Path, tmp_path: Path
) -> None:
    """A sine wave of semi-amplitude A has a variance of A^2 / 2."""
    weak = {"amplitude": 0.03, "error": 0.0}
    labelled_set(tmp_path, "one", [{"id": number, **weak} for number in range(1, 41)])
    curves, _ = resampled(root, tmp_path, tmp_path / "out", "one")
    chi2 = [np.sum(0.03**2 / 2 / error**2) for error in curves["magerr"]]
    assert len(chi2) == 40
    # The draw of points changes the variance of a hundred of them by a few per cent.
    assert 0.9 * VISIBLE < min(chi2) < 1.2 * VISIBLE < max(chi2)


def test_a_star_that_no_brightness_would_show_is_no_example(root: Path, tmp_path: Path) -> None:
    stars = [{"id": 1, "amplitude": 0.002}, {"id": 2, "amplitude": 0.3}]
    labelled_set(tmp_path, "one", [*stars, {"id": 3, "amplitude": 0.002, "class": "CONSTANT"}])
    _, truth = resampled(root, tmp_path, tmp_path / "out", "one")
    assert truth["objectid"].tolist() == [2, 3]


def test_a_band_that_does_not_show_the_variation_is_left_out(root: Path, tmp_path: Path) -> None:
    pair = [{"id": 1, "star": "s", "band": "B"}, {"id": 2, "star": "s", "band": "R"}]
    pair[1]["amplitude"] = 0.002
    labelled_set(tmp_path, "one", pair)
    _, truth = resampled(root, tmp_path, tmp_path / "out", "one")
    assert truth["band"].tolist() == ["B"]


def test_a_star_is_the_same_whatever_other_stars_there_are(root: Path, tmp_path: Path) -> None:
    labelled_set(tmp_path / "a", "one", [{"id": 1}, {"id": 2}])
    many, _ = resampled(root, tmp_path / "a", tmp_path / "many", "one")
    again, _ = resampled(root, tmp_path / "a", tmp_path / "again", "one")
    for name in many:
        for first, second in zip(many[name], again[name], strict=True):
            np.testing.assert_array_equal(first, second)
    names = ("many", "again")
    first, second = ((tmp_path / n / "lightcurves.parquet").read_bytes() for n in names)
    assert first == second
    table = read_table(tmp_path / "a" / "one" / "lightcurves.parquet")
    write_table(table.slice(1), tmp_path / "a" / "one" / "lightcurves.parquet", {})
    alone, _ = resampled(root, tmp_path / "a", tmp_path / "alone", "one")
    place = many["objectid"].tolist().index(2)
    np.testing.assert_array_equal(alone["mag"][0], many["mag"][place])


def test_of_a_frequent_class_some_stars_are_drawn(root: Path, tmp_path: Path) -> None:
    kinds = ["RRab"] * 30 + ["RRc"] * 4
    labelled_set(tmp_path, "one", [{"id": i, "class": k} for i, k in enumerate(kinds, 1)])
    names = {}
    for most in (5, 8):
        output, rules = tmp_path / str(most), root / "config" / "labels.yaml"
        resample_labelled(tmp_path, output, sets=["one"], label_map=rules, most_stars=most)
        truth = read_table(output / "truth.parquet").to_pandas()
        names[most] = set(truth["sourceid"])
        assert truth["class"].value_counts().to_dict() == {"RRab": most, "RRc": 4}
    assert names[5] < names[8]


def test_bands_of_a_star_are_cut_alike_and_marked(root: Path, tmp_path: Path) -> None:
    pair = [{"id": 1, "star": "s", "band": "B"}, {"id": 2, "star": "s", "filter": 2, "band": "R"}]
    labelled_set(tmp_path, "one", pair)
    curves, truth = resampled(root, tmp_path, tmp_path / "out", "one")
    assert curves["filterid"].tolist() == [1, 2]
    assert truth["band"].tolist() == ["B", "R"]
    assert truth["sourceid"].tolist() == ["one s", "one s"]
    assert truth["survey"].tolist() == ["one", "one"]
    starts = curves["hmjd"].map(min)
    assert abs(starts[0] - starts[1]) < 60


def test_one_star_in_two_sets_has_one_name(root: Path, tmp_path: Path) -> None:
    labelled_set(tmp_path, "one", [{"id": 1, "ra": 10.0, "dec": 5.0}])
    arcsec = 1 / 3600
    near, far = {"id": 2, "ra": 10.0, "dec": 5.0 + 9 * arcsec}, {"id": 3, "ra": 10.0, "dec": 5.01}
    labelled_set(tmp_path, "two", [near, far, {"id": 4}])
    _, truth = resampled(root, tmp_path, tmp_path / "out", "one", "two")
    assert truth["sourceid"].tolist() == ["one 1", "one 1", "two 3", "two 4"]


def test_a_chain_of_stars_has_one_name(root: Path, tmp_path: Path) -> None:
    arcsec = 1 / 3600
    places = {"one": 0.0, "two": 24.0, "three": 12.0}
    for number, (name, offset) in enumerate(places.items(), 1):
        labelled_set(tmp_path, name, [{"id": number, "ra": 10.0, "dec": 5.0 + offset * arcsec}])
    for order in (("one", "three", "two"), ("one", "two", "three"), ("three", "two", "one")):
        _, truth = resampled(root, tmp_path, tmp_path / "out", *order)
        first = f"{order[0]} {list(places).index(order[0]) + 1}"
        assert truth["sourceid"].tolist() == [first] * 3


def test_labels_follow_from_the_class(root: Path, tmp_path: Path) -> None:
    kinds = ["RRab", "ECL", "CONSTANT", "SOLARLIKE"]
    labelled_set(tmp_path, "one", [{"id": i, "class": k} for i, k in enumerate(kinds, 1)])
    curves, truth = resampled(root, tmp_path, tmp_path / "out", "one")
    assert truth["class"].tolist() == kinds[:3]
    assert set(truth["labels"][0]) == {
        "variable", "periodic", "pulsator", "RR Lyrae", "RR Lyrae ab", "sawtooth",
    }  # fmt: skip
    assert {"EA", "EB", "EW"} <= set(truth["unknown"][1])
    assert truth["labels"][2].tolist() == ["non-variable"]
    # What does not vary is put at the times of a simulated ZTF.
    assert curves["hmjd"][2].min() > 58000 > curves["hmjd"][0].max()


def test_a_class_without_a_rule_or_a_set_that_is_not_there_is_an_error(
    root: Path, tmp_path: Path
) -> None:
    labelled_set(tmp_path, "one", [{"id": 1, "class": "Quark star"}])
    with pytest.raises(InputError, match="label map does not know: 'Quark star'"):
        resampled(root, tmp_path, tmp_path / "out", "one")
    with pytest.raises(NotFoundError, match=r"'two'.*allowed: one"):
        resampled(root, tmp_path, tmp_path / "out", "two")


def test_the_label_map_agrees_with_the_simulation(root: Path) -> None:
    rules = LabelMap.load(root / "config" / "labels.yaml")
    same = {"RRab": "RRab", "RRc": "RRc", "RRd": "RRd", "EA": "EA", "EB": "EB", "EW": "EW",
            "Mira": "Mira", "DCEP": "DCEP-F", "RVTAU": "RVTAU", "RS_CVn": "RSCVN",
            "ELL": "ELL", "HADS": "HADS", "CONSTANT": "CONST"}  # fmt: skip
    for name, simulated in same.items():
        one = rules.of(name)
        assert one is not None
        certain = set(LABELS) - set(one.unknown)
        assert set(one.labels) == set(CLASSES[simulated].labels) & certain, name


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("classes: {A: {is: [EA, shiny]}}", "shiny of class A"),
        ("classes: {A: {is: [EA], unknown: [EA]}}", "EA of class A"),
        ("classes: {A: {is: [EA]}, B: {is: [EB], same_as: [A]}}", "A stands twice"),
        ("classes: {A: {is: [EA], maybe: [EB]}}", "maybe of class A"),
        ("[]", "cannot be used"),
    ],
)
def test_a_label_map_with_a_mistake_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=problem):
        LabelMap.load(path)
