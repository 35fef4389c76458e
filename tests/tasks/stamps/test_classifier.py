"""Training on a labelled set of drawn stars and hot pixels, and what the document promises."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pandas as pd
import pytest

from scope.errors import BundleError, ConfigError, InputError
from scope.tasks.stamps.hickle_files import PickledObjectError, read_hickle
from scope.tasks.stamps.normalise import Normalisation, normalised
from scope.tasks.stamps.prepare import joined_groups, split_rows
from scope.tasks.stamps.sets import (
    COLUMNS,
    LABELS_FILE,
    STAMPS_FILE,
    StampWriter,
    detection_id,
    open_set,
    write_labels,
)
from scope.tasks.stamps.stamp_model import StampModel

SIZE, ROWS, IMAGES = 21, 480, 40
LAYERS = (0, 1, 2, 3)


def drawn_set(folder, seed=0):
    """Stars (real) and single hot pixels (bogus) in noise, 12 rows an image."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, ROWS)
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    star = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    stamps = rng.normal(0, 1, (ROWS, SIZE, SIZE, 6))
    for row in range(ROWS):
        if label[row]:
            stamps[row, :, :, [0, 2]] += 12 * star
        else:
            stamps[row, SIZE // 2, SIZE // 2, [0, 2]] += 60
    folder.mkdir(parents=True)
    with StampWriter(folder / STAMPS_FILE, SIZE, 6) as writer:
        writer.write(stamps)
    image = np.arange(ROWS) % IMAGES
    table = pd.DataFrame(dict.fromkeys(COLUMNS, 0.0), index=range(ROWS))
    table["id"] = [detection_id(i, r) for r, i in enumerate(image)]
    table["image_id"], table["label"] = image, label
    table["metalabel"] = np.where(label == 1, "mp", "randjunk")
    table["ra"], table["dec"] = rng.uniform(0, 360, ROWS), rng.uniform(-30, 30, ROWS)
    table["mag"] = rng.uniform(16, 20, ROWS)
    table["fits_filepath"] = "x.fits"
    write_labels(table, folder / LABELS_FILE)
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return drawn_set(tmp_path_factory.mktemp("sets") / "data_20260101-000000")


@pytest.fixture(scope="module")
def trained(data_dir):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from gotorb import classifier

    return classifier.train(
        data_dir,
        layers=LAYERS,
        epochs=3,
        batch_size=16,
        optimizer=keras.optimizers.Adam(2e-3),
        data_augmentation={"horizontal_flip": True, "vertical_flip": True, "rot90": True},
    )


@pytest.fixture(scope="module")
def folder(trained, data_dir):
    (found,) = data_dir.glob("model_*")
    return found


def test_the_model_folder_is_as_documented_and_a_bundle(trained, folder):
    names = {path.name for path in folder.iterdir()}
    assert {f"{folder.name}.log", "meta.hkl", "model.h5", "tflog"} <= names
    model = StampModel.load(folder)
    assert model.card.layers == ("science", "template", "difference", "ptp")
    assert model.card.normalisation == Normalisation("l2")
    (folder / "copy").mkdir()
    for name in ("bundle.json", "model.h5", "meta.hkl", "card.md", "metrics.json"):
        shutil.copy(folder / name, folder / "copy" / name)
    shutil.copy(folder / "calibration.json", folder / "copy" / "calibration.json")
    (folder / "copy" / "meta.hkl").write_bytes(b"other")
    with pytest.raises(BundleError, match="changed"):
        StampModel.load(folder / "copy")
    shutil.rmtree(folder / "copy")


def test_hickle_reads_meta_and_it_holds_rows_not_stamps(trained, folder, data_dir):
    import hickle

    _, meta = trained
    found = hickle.load(str(folder / "meta.hkl"))
    assert found["masks"]["test"].tolist() == meta["masks"]["test"].tolist()
    assert found["layers"] == list(LAYERS)
    assert read_hickle(folder / "meta.hkl")["history"] == meta["history"]
    assert (folder / "meta.hkl").stat().st_size < 300_000


def test_keras_loads_the_model_and_says_the_same(trained, folder, data_dir):
    from keras.models import load_model

    stamps = prepared(data_dir)[:40]
    expected = load_model(folder / "model.h5", compile=False).predict(stamps, verbose=0)[:, 0]
    model = StampModel.load(folder)
    assert np.abs(model.network.scores(stamps) - expected).max() < 1e-5
    assert model.bundle.manifest["group"] == folder.name


def prepared(data_dir):
    _, stamps = open_set(data_dir)
    return normalised(stamps.read(np.arange(ROWS), LAYERS), Normalisation("l2"))


def test_no_image_and_no_object_is_on_two_sides(trained, data_dir):
    _, meta = trained
    labels, _ = open_set(data_dir)
    training, test = meta["masks"]["training"], meta["masks"]["test"]
    image = labels["image_id"].to_numpy()
    assert set(image[training]).isdisjoint(image[test])
    validation = meta["masks"]["validation"]
    assert set(image[np.setdiff1d(training, validation)]).isdisjoint(image[validation])
    assert len(training) + len(test) == ROWS


def test_one_object_in_two_images_joins_them():
    labels = pd.DataFrame(
        {
            "image_id": [1, 1, 2, 2, 3],
            "ra": [10.0, 20.0, 359.9999, 40.0, 0.0001],
            "dec": [0.0, 0.0, 5.0, 5.0, 5.0],
        }
    )
    groups = joined_groups(labels)
    assert groups[0] == groups[1] != groups[2]
    assert groups[2] == groups[3] == groups[4]  # 0.7 arcsec apart across 0 h.


def test_evaluate_draws_and_agrees_with_the_files(trained, folder, data_dir):
    from gotorb import classifier

    model, meta = trained
    report = classifier.evaluate(model, meta, plot_examples=True)
    for name in ("validation", "confusionmatrix", "fpr", "roc", "probdistn", "calibration"):
        assert (folder / f"plot_{name}.png").stat().st_size > 3000
    assert (folder / "plot_randomexamples.png").is_file()
    again = classifier.evaluate(folder / "model.h5", folder / "meta.hkl")
    assert again == report
    # Worked out again with sorted arrays of our own.
    scores = classifier.network_of(model).scores(prepared(data_dir))
    rows = meta["masks"]["test"]
    target = open_set(data_dir)[0]["label"].to_numpy()[rows] == 1
    cut = report["best"]["threshold"]
    assert report["best"]["fnr"] == pytest.approx(np.mean(scores[rows][target] < cut))
    assert report["best"]["fpr"] == pytest.approx(np.mean(scores[rows][~target] >= cut))
    assert report["best"]["fnr"] + report["best"]["fpr"] < 0.1
    assert sum(map(sum, report["at_half"]["confusion"])) == len(rows)


def test_benchmark_uses_the_model_s_own_layers(trained, folder, tmp_path):
    from gotorb import classifier

    other = drawn_set(tmp_path / "other", seed=9)
    report = classifier.benchmark(folder, other)
    assert report["n"] == ROWS
    assert (other / "bench_roc.png").is_file()
    assert classifier.benchmark(trained[0], other, trained[1])["best"] == report["best"]
    with pytest.raises(ConfigError, match="nobody says"):
        classifier.benchmark(trained[0], other)
    with pytest.raises(BundleError, match="not trained with"):
        classifier.benchmark(folder, other, normalise="l2_stamp")


def test_a_changed_set_is_not_taken_for_the_training_set(trained, data_dir, tmp_path):
    from gotorb import classifier

    copy = shutil.copytree(data_dir, tmp_path / data_dir.name)
    labels = pd.read_csv(copy / LABELS_FILE)
    labels.loc[0, "mag"] = 11.0
    write_labels(labels, copy / LABELS_FILE)
    (folder,) = copy.glob("model_*")
    with pytest.raises(InputError, match="changed since the training"):
        classifier.evaluate(folder / "model.h5", folder / "meta.hkl")


def test_latent_vectors_are_those_of_the_flatten_layer(trained, data_dir):
    from keras import Model

    from gotorb import classifier

    model, _ = trained
    stamps = prepared(data_dir)[:5]
    inner = Model(model.inputs, model.get_layer("flatten").output)
    expected = inner.predict(stamps, verbose=0)
    assert np.allclose(classifier.latentvec_pred(model, stamps), expected, atol=1e-5)


def test_networks_have_the_published_numbers_of_parameters():
    """From the specification; 63x63x3 is the size of braai's own."""
    from gotorb import models

    for shape, count in (((55, 55, 4), 222_113), ((55, 55, 6), 222_401), ((63, 63, 3), 312_081)):
        assert models.vgg6(shape).count_params() == count
    with pytest.raises(ConfigError, match="side 21 or more"):
        models.vgg6((19, 19, 3))


def test_other_losses_have_two_outputs(data_dir, tmp_path):
    from gotorb import classifier, models

    copy = first_copy(data_dir, tmp_path)
    model, meta = classifier.train(
        copy,
        model=models.compat_build_hp_model({"block1": 8, "extra2": 0, "dense": 64}),
        layers=(0, 2),
        loss="categorical_crossentropy",
        epochs=1,
        class_weight=False,
        normalise="l2_stamp",
        tensorboard=False,
        random_state=1,
    )
    assert model.output_shape == (None, 2)
    assert meta["class_weight"] is None
    report = classifier.evaluate(model, meta)
    assert report["n"] == len(meta["masks"]["test"])


def first_copy(data_dir, tmp_path):
    copy = tmp_path / data_dir.name
    copy.mkdir()
    for name in (LABELS_FILE, STAMPS_FILE):
        shutil.copy(data_dir / name, copy / name)
    return copy


def test_bayesian_networks_are_trained_by_their_names(data_dir, tmp_path):
    """Their second parameter is not the number of classes."""
    from gotorb import classifier, models

    copy = first_copy(data_dir, tmp_path)
    how = {"layers": (0, 2), "epochs": 1, "tensorboard": False}
    model, _ = classifier.train(copy, model=models.bayesian_vgg6, **how)
    assert model.get_layer("drop1").rate == 0.01
    assert model.output_shape == (None, 1)

    def own(shape, classes):
        return models.bayesian_vgg6(shape, 0.2, classes)

    model, _ = classifier.train(copy, model=own, loss="categorical_crossentropy", **how)
    assert model.get_layer("drop1").rate == 0.2
    assert model.output_shape == (None, 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"layers": (0, 9)}, "layers"),
        ({"normalise": "l3"}, "normalise"),
        ({"data_augmentation": {"zoom": True}}, "data_augmentation"),
        ({"class_weight": {1: 2.0}}, "class_weight"),
        ({"validation_split": 0.0}, "validation"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_parameters_that_cannot_be_used_are_refused_before_anything_is_written(
    data_dir, change, said
):
    from gotorb import classifier

    before = sorted(data_dir.iterdir())
    with pytest.raises((ConfigError, InputError), match=said):
        classifier.train(data_dir, **change)
    assert sorted(data_dir.iterdir()) == before


def test_one_class_only_is_refused(data_dir):
    labels, _ = open_set(data_dir)
    labels["label"] = 0
    with pytest.raises(InputError, match="both real and bogus"):
        split_rows(labels, test_split=0.2, validation_split=0.2, random_state=1)


def test_a_truncated_array_is_one_clear_line(data_dir, tmp_path):
    copy = tmp_path / "data_x"
    copy.mkdir()
    shutil.copy(data_dir / LABELS_FILE, copy)
    content = (data_dir / STAMPS_FILE).read_bytes()
    (copy / STAMPS_FILE).write_bytes(content[: len(content) // 2])
    from gotorb import classifier

    with pytest.raises(Exception, match="not whole"):
        classifier.train(copy)
    assert sorted(path.name for path in copy.iterdir()) == [LABELS_FILE, STAMPS_FILE]


class Trap:
    """What a hostile file holds: a program."""

    def __reduce__(self):
        return os.mkdir, (os.environ["TRAP"],)


def test_pickled_objects_are_refused_and_never_run(tmp_path, monkeypatch):
    import hickle

    trap = tmp_path / "sprung"
    monkeypatch.setenv("TRAP", str(trap))
    with pytest.warns(Warning, match="serialized"):
        hickle.dump({"meta": Trap()}, str(tmp_path / "x.hkl"), mode="w")
    with pytest.raises(PickledObjectError):
        read_hickle(tmp_path / "x.hkl")
    assert not trap.exists()
    (tmp_path / "y.hkl").write_bytes(b"\x89HDF\r\n\x1a\n" + b"0" * 100)
    with pytest.raises(Exception, match="not whole"):
        read_hickle(tmp_path / "y.hkl")


def test_hickle_values_come_back_as_hickle_reads_them(tmp_path):
    import hickle

    value = {
        "a": 1,
        "b": [1, 2.5, "q"],
        "c": None,
        "e": np.arange(3),
        "f": {"g": (0.5, [])},
        "h": True,
        "t": np.array(["a", "bc"]),
    }
    hickle.dump(value, str(tmp_path / "x.hkl"), mode="w")
    mine, theirs = read_hickle(tmp_path / "x.hkl"), hickle.load(str(tmp_path / "x.hkl"))
    assert str(mine) == str(theirs)
    hickle.dump((np.zeros((2, 3)), {"k": np.arange(2)}), str(tmp_path / "p.hkl"), mode="w")
    stamps, meta = read_hickle(tmp_path / "p.hkl")
    assert stamps.shape == (2, 3)
    assert meta["k"].tolist() == [0, 1]


@pytest.mark.parametrize(("rule", "expected"), [("zero", 0.0), ("median", 5.0)])
def test_nan_becomes_what_the_card_says(rule, expected):
    stamps = np.full((1, 4, 4, 2), 5.0)
    stamps[0, 1, 1, 0] = np.nan
    made = normalised(stamps, Normalisation("none", rule))
    assert made[0, 1, 1, 0] == expected
    with pytest.raises(InputError, match="row 0"):
        normalised(stamps, Normalisation("none", "refuse"))
    stamps[0, 0, 0, 0] = np.inf
    with pytest.raises(InputError, match="infinite"):
        normalised(stamps, Normalisation("none", rule))


def test_norms_are_of_unit_length_along_their_axes():
    stamps = np.random.default_rng(0).normal(size=(3, 5, 5, 2))
    for name, axes in (("l2", (1, 2)), ("l2_rows", (2,)), ("l2_stamp", (1, 2, 3))):
        made = normalised(stamps, Normalisation(name)).astype(float)
        assert np.allclose((made**2).sum(axis=axes), 1, atol=1e-5)
