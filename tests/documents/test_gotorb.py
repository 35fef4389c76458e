"""What gotorb's document prints, as it prints it."""

from __future__ import annotations

import gzip
import inspect
import json
import math
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from scope.tasks.stamps.datapack import read_datapack, write_datapack
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.write import simulate_night

from ..tasks.stamps.test_classifier import drawn_set


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Elements of Ceres, and of a comet far away: columns of Lowell's astorb and of the MPC's JSON.
CERES = {
    **{"Number": "1", "Name": "Ceres", "H": "3.3", "G": "0.15"},
    **{"Epoch_year": "2023", "Epoch_month": "01", "Epoch_day": "01", "M": "95.0"},
    **{"Peri": "73.0", "Node": "80.0", "i": "10.0", "e": "0.08", "a": "2.77"},
}
COMET = {
    **{"Orbit_type": "C", "Designation_and_name": "C/2020 X1", "e": 0.9, "Perihelion_dist": 9.0},
    **{"Year_of_perihelion": 2020, "Month_of_perihelion": 1, "Day_of_perihelion": 1.5},
    **{"Epoch_year": 2023, "Epoch_month": 1, "Epoch_day": 1.0},
    **{"Peri": 10.0, "Node": 20.0, "i": 30.0, "H": 15.0, "G": 4.0},
}


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Catalogues of pympc at addresses of this machine, in the forms that it downloads."""
    from pympc.pympc import ASTORB_COLUMNS, CATALOGUES

    folder = tmp_path / "served"
    folder.mkdir()

    line = [" "] * 266
    for name, (start, end) in ASTORB_COLUMNS.items():
        line[start:end] = CERES[name].rjust(end - start)[: end - start]
    contents = {
        "astorb": "".join(line) + "\n",
        "nea": json.dumps([]),
        "comets": json.dumps([COMET]),
    }
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for name, content in contents.items():
            (folder / f"{name}.gz").write_bytes(gzip.compress(content.encode()))
            address = f"http://127.0.0.1:{server.server_port}/{name}.gz"
            monkeypatch.setitem(CATALOGUES[name], "url", address)
        yield
        server.shutdown()


def test_the_catalogue_of_minor_planets_is_updated_as_printed(here, served, monkeypatch):
    """The two lines download, and a known place of Ceres is found in what they made."""
    import ephem

    from scope.tasks.stamps.images import DifferenceImage
    from scope.tasks.stamps.minor_planets import open_provider

    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))

    import pympc

    pympc.update_catalogue()

    (path,) = (here / "cache").rglob("xephem_*.csv")
    text = next(line for line in path.read_text().splitlines() if "Ceres" in line)
    body = ephem.readdb(text)
    body.compute(ephem.Date("2023/2/25 06:00:00"), epoch="2000")
    ra, dec = (math.degrees(float(angle)) for angle in (body.a_ra, body.a_dec))
    image = DifferenceImage(1, "x", ra, dec, 60000.25, 1, 3, 1)
    found = open_provider("pympc", observatory="500")(image, 0.5, 20.0)
    assert found["name"].tolist() == ["Ceres"]
    assert found["ra"].iloc[0] == pytest.approx(ra, abs=0.02)


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

    pack_runs_in_the_notebook(here, folder, monkeypatch)


def pack_runs_in_the_notebook(here, folder, monkeypatch):
    """The document's two lines about the validation pack, in the notebook that is printed."""
    import hickle
    import nbformat
    from nbclient import NotebookClient

    (here / "pack").mkdir()
    n = write_datapack(folder.parent, here / "pack" / "datapack.hkl", layers=(0, 1, 2, 3, 4, 5))
    shutil.copy(folder / "model.h5", here / "pack")
    monkeypatch.chdir(here / "pack")

    stamps, meta = hickle.load("./datapack.hkl")

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
