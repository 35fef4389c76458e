"""What gotorb's document prints, as it prints it."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path

import pytest

from scope.tasks.stamps.datapack import read_datapack, write_datapack
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.write import simulate_night

from ..tasks.stamps.test_classifier import drawn_set


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_catalogue_of_minor_planets_is_updated_as_printed():
    import pympc

    assert callable(pympc.update_catalogue)
    assert not [
        one
        for one in inspect.signature(pympc.update_catalogue).parameters.values()
        if one.default is one.empty
    ]


def test_labelled_data_are_made_as_printed(here):
    night = simulate_night(here / "night", NightOptions(n_images=2, seed=5, size=192))
    (here / ".env").write_text(f"GOTORB_IMAGES={night}\n")

    from gotorb import label_data

    label_data.make(n_images=100)

    (folder,) = here.glob("data_*")
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{folder.name}.log",
        "data_labels.csv",
        "data_stamps.h5",
    ]


def test_a_model_is_trained_and_evaluated_as_printed(here, monkeypatch):
    drawn_set(here / "data_20260101-000000")
    # The defaults take hours on a real set; here they end after an epoch.
    from scope.models.images import fit

    whole = fit.FitOptions.__init__
    monkeypatch.setattr(
        fit.FitOptions, "__init__", lambda self, **k: whole(self, **{**k, "epochs": 1})
    )

    from gotorb import classifier

    model, meta = classifier.train("data_20260101-000000")
    classifier.evaluate(model, meta)

    (folder,) = Path("data_20260101-000000").glob("model_*")
    assert {f"{folder.name}.log", "meta.hkl", "model.h5"} <= {p.name for p in folder.iterdir()}
    assert list(folder.glob("plot_*.png"))
    classifier.benchmark(model, "data_20260101-000000", meta)

    pack_runs_in_the_notebook(here, folder)


def pack_runs_in_the_notebook(here, folder):
    """The document's two lines about the validation pack, in the notebook that is printed."""
    import hickle
    import nbformat
    from nbclient import NotebookClient

    (here / "pack").mkdir()
    n = write_datapack(folder.parent, here / "pack" / "datapack.hkl", layers=(0, 1, 2, 3, 4, 5))
    shutil.copy(folder / "model.h5", here / "pack")
    stamps, meta = hickle.load(str(here / "pack" / "datapack.hkl"))
    assert len(stamps) == len(meta["label"]) == n
    mine = read_datapack(here / "pack" / "datapack.hkl")
    assert (mine[0] == stamps).all()
    assert mine[1]["metalabel"].tolist() == list(meta["metalabel"])
    root = Path(__file__).resolve().parents[2]
    notebook = nbformat.read(root / "notebooks" / "compare_models.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": here / "pack"}})
    done = client.execute()
    text = str(done.cells)
    assert "randjunk" in text
    assert "image/png" in text


def test_the_modules_that_the_document_names_are_there():
    from gotorb import (
        active_learning,
        classifier,
        eyeball,
        hyperparameter_tuning,
        label_data,
        models,
        visualise,
    )

    for function in (
        label_data.get_images,
        label_data.get_individual_images,
        label_data.add_marshall_cands,
        label_data.add_synthetic_transients,
        classifier.train,
        classifier.evaluate,
        classifier.benchmark,
        classifier.dropout_pred,
        classifier.latentvec_pred,
        models.vgg6,
        models.bayesian_vgg6,
        hyperparameter_tuning.run_model_tuning,
        eyeball.show,
        visualise.ClassifierImageVisual,
        active_learning.bald_strategy_step,
    ):
        assert function.__doc__
    # What is set in the one module is set in the other: they are one.
    import scope.tasks.stamps.label_data as own

    assert own is label_data
    for name in ("IMAGE_EXT", "TEMPLATE_IMAGE_EXT", "DIFFERENCE_IMAGE_EXT"):
        assert getattr(label_data, name)


# Function -> defaults, from the specification of gotorb's functions.
DEFAULTS = {
    "make": {
        "out_dir": ".",
        "search_rad": 1.8,
        "match_rad": 1,
        "max_mag": 20.2,
        "stamp_size": 55,
        "bogus_every": 4,
        "nproc": 0,
        "image_chunk": 1500,
    },
    "add_synthetic_transients": {
        "match_rad": 1,
        "search_rad": 1.8,
        "min_mag": 16,
        "max_mag": 19.5,
        "glx_search_scale": 600,
        "glx_jitter": 7,
        "stamp_size": 55,
        "resid_every": 1,
        "image_chunk": 1500,
    },
    "train": {
        "model": None,
        "layers": None,
        "normalise": "l2",
        "test_split": 0.2,
        "validation_split": 0.2,
        "class_weight": True,
        "loss": "binary_crossentropy",
        "batch_size": 64,
        "epochs": 100,
        "data_augmentation": None,
        "monitor": "val_loss",
        "patience": 10,
        "random_state": 42,
        "fit_kwargs": None,
        "tensorboard": True,
    },
    "dropout_pred": {"nsamples": 20, "batchsize": 64},
    "run_model_tuning": {
        "max_epochs": 500,
        "patience": 10,
        "batch_size": 64,
        "validation_split": 0.1,
        "test_split": 0.1,
        "layers": (0, 1, 2, 3),
        "max_model_pars": 1e6,
        "hyperband_iters": 2,
        "metric": "val_accuracy",
    },
    "bald_strategy_step": {"n_samples": 30},
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_functions_have_the_defaults_of_the_specification(name):
    from gotorb import active_learning, classifier, hyperparameter_tuning, label_data

    modules = (label_data, classifier, hyperparameter_tuning, active_learning)
    function = next(getattr(module, name) for module in modules if hasattr(module, name))
    parameters = inspect.signature(function).parameters
    assert {key: parameters[key].default for key in DEFAULTS[name]} == DEFAULTS[name]
