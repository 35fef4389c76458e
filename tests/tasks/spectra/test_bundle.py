"""QuasarNET as an algorithm of the registry: trained, imported, found, scored, refused."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from scope.cli import ensemble_run, train_qnet_ensemble
from scope.cli.main import main as scope_main
from scope.errors import BundleError, InputError
from scope.models import InputSpec, Rows, TrainingData, bundle_folder, find_algorithm, load_bundle
from scope.models.algorithm import make_options
from scope.models.bundle import MANIFEST, sha256_of
from scope.models.spectra.quasar_net import load_network
from scope.models.spectra.quasar_net_examples import TRUTH, NetworkOptions, targets
from scope.models.spectra.wavelength_grid import LINEAR_GRID, LOG_GRID
from scope.tasks.spectra import TASK
from scope.tasks.spectra.ensemble import gather_examples, load_members
from scope.tasks.spectra.ensemble_bundle import _half_bin
from scope.tasks.spectra.run_ensemble import TABLE

QUASARNET = find_algorithm("quasarnet")
TINY = ["-n", "2", "-e", "1", "--filters", "4", "--batch-size", "16", "--som-cells", "2"]
OPTIONS = {"filters": 4, "width": 5, "epochs": 2, "batch": 16}


@pytest.fixture(scope="module")
def trained(survey, tmp_path_factory):
    """An ensemble by the documented script, and the bundle that the command makes of it."""
    out = tmp_path_factory.mktemp("bundles")
    data = ["-dd", str(survey / "combined.fits"), "-dt", str(survey / "truth.csv")]
    assert train_qnet_ensemble.main(["-o", str(out), *TINY, *data]) == 0
    command = ["import-models", str(out / "ensemble"), "--algorithm", "quasarnet"]
    models = out / "models"
    assert scope_main([*command, "--group", "first", "--models-dir", str(models)]) == 0
    return out / "ensemble", models


def rows(survey):
    """The spectra of the survey and their truths, as rows of the system."""
    examples = gather_examples(desi=[survey / "combined.fits"], desi_truth=[survey / "truth.csv"])
    truth = np.zeros(len(examples), TRUTH)
    truth["quasar"], truth["z"], truth["bal"] = examples.quasar, examples.z, examples.bal
    return examples, Rows({"spectrum": examples.x}, truth, examples.objects)


def train(rows, seed=1, **changes):
    options = make_options(QUASARNET, {**OPTIONS, **changes.pop("options", {})})
    half = rows.groups % 2 == 0
    data = {"train": rows.take(half), "validation": rows.take(~half)} | changes
    return QUASARNET.train(TrainingData(**data), options, seed)


def test_the_registry_has_it_and_it_serves_spectra_alone():
    assert "quasarnet" in TASK.algorithms
    assert QUASARNET.options is NetworkOptions


def test_the_same_seed_gives_the_same_file_and_the_loss_is_that_of_the_formula(survey, tmp_path):
    """The loss by hand, from what the scorer says (Busca & Balland 2018, section 3)."""
    examples, all_rows = rows(survey)
    once, twice, other = train(all_rows), train(all_rows), train(all_rows, seed=2)
    assert once.content == twice.content != other.content
    assert len(once.report["history"]["loss"]) == OPTIONS["epochs"]
    (tmp_path / "net.h5").write_bytes(once.content)
    scorer = QUASARNET.load(tmp_path / "net.h5", [InputSpec("spectrum", (None, 443))])
    out = all_rows.groups % 2 == 1
    said = scorer.score({"spectrum": examples.x[out]}).astype(float)
    wanted, known = targets(examples, NetworkOptions(**OPTIONS), LOG_GRID)
    y, offset, known = wanted[out, :, :13], wanted[out, :, 13:], known[out]
    p, tiny = np.clip(said[..., :13], 1e-7, 1 - 1e-7), 1e-7
    loss = -(y * np.log(p)).sum(2) / (y.sum(2) + tiny)
    loss -= ((1 - y) * np.log(1 - p)).sum(2) / (13 - y.sum(2) + tiny)
    loss += (y * (offset - said[..., 13:]) ** 2).sum(2) / (y.sum(2) + tiny)
    expected = (known * loss).sum(1).mean()
    assert once.report["validation_loss"] == pytest.approx(expected, rel=1e-5)


def test_training_goes_on_from_weights_and_refuses_those_of_another_shape(survey, tmp_path):
    _, all_rows = rows(survey)
    (tmp_path / "net.h5").write_bytes(train(all_rows).content)
    still = train(all_rows, seed=5, start=tmp_path / "net.h5", options={"rate": 1e-12})
    (tmp_path / "again.h5").write_bytes(still.content)
    first, second = load_network(tmp_path / "net.h5"), load_network(tmp_path / "again.h5")
    for name, layer in first.layers.items():
        if "kernel" in layer:
            np.testing.assert_allclose(second.layers[name]["kernel"], layer["kernel"], atol=1e-6)
    with pytest.raises(InputError, match="another shape"):
        train(all_rows, start=tmp_path / "net.h5", options={"filters": 6})


def test_rows_without_weight_are_not_learnt_from(survey):
    """Of two trainings that differ in the truth of rows of weight 0 alone, both are the same."""
    _, all_rows = rows(survey)
    weight = (np.arange(len(all_rows)) % 3 > 0).astype(float)
    false = all_rows.target.copy()
    false["quasar"][weight == 0] = ~false["quasar"][weight == 0]
    given = [
        train(Rows(all_rows.inputs, target, all_rows.groups, weight))
        for target in (all_rows.target, false)
    ]
    assert given[0].report["history"] == given[1].report["history"]
    assert given[0].content == given[1].content


def test_an_ensemble_becomes_a_bundle_that_is_found_and_says_what_it_is(trained, capsys):
    ensemble, models = trained
    bundle = load_bundle(bundle_folder(models, TASK, "quasarnet", "first"), TASK)
    assert bundle.folder == models / "spectra" / "quasarnet" / "first"
    assert bundle.preparation["grid"] == {
        **{"name": "log", "first": 3600.0, "last": 10000.0, "step": 0.001, "bins": 443}
    }
    assert bundle.manifest["training_set"]["spectra"] > 0
    metrics = json.loads(bundle.read("metrics.json"))["members"]
    assert set(metrics) == {"net_0", "net_1"}
    assert all(0 < one["spectra"] < 80 for one in metrics.values())
    for number, network in enumerate(load_members(ensemble)):
        x = np.random.default_rng(number).normal(size=(3, 443)).astype(np.float32)
        scores = bundle.scorer(f"net_{number}").score({"spectrum": x})
        assert scores.shape == (3, *bundle.outputs["lines"].shape)
        assert network.n_heads == 7
    capsys.readouterr()
    assert scope_main(["models", "verify", "--models-dir", str(models)]) == 0
    assert "spectra/quasarnet/first" in capsys.readouterr().out
    assert scope_main(["models", "show", "first", "--models-dir", str(models)]) == 0
    assert "443 bins from 3600 Angstrom" in capsys.readouterr().out


def test_the_documented_script_takes_the_bundle_by_folder_and_by_group(
    trained, survey, tmp_path, monkeypatch
):
    ensemble, models = trained
    monkeypatch.chdir(models.parent)
    tables = []
    for number, place in enumerate((ensemble, models / "spectra/quasarnet/first", "first")):
        out = tmp_path / str(number)
        assert ensemble_run.main(["-d", str(survey), "-o", str(out), "-i", str(place)]) == 0
        tables.append((out / TABLE).read_bytes())
    assert tables[0] == tables[1] == tables[2]
    assert len(pd.read_csv(tmp_path / "0" / TABLE)) == 80


def copied(models, tmp_path):
    """A copy of the bundle."""
    return shutil.copytree(models / "spectra/quasarnet/first", tmp_path / "first")


def restated(folder, **changes):
    """Change what a manifest says of the preparation."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["preparation"] |= changes
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_another_grid_is_refused(trained, survey, tmp_path, capsys):
    folder = copied(trained[1], tmp_path)
    with pytest.raises(BundleError, match="another grid"):
        load_members(folder, LINEAR_GRID)
    restated(folder, grid={"name": "log", "first": 3500.0, "last": 1e4, "step": 1e-3, "bins": 443})
    status = ensemble_run.main(["-d", str(survey), "-o", str(tmp_path), "-i", str(folder)])
    said = [line for line in capsys.readouterr().err.splitlines() if "error" in line.lower()]
    assert status == 2
    assert len(said) == 1
    assert "another grid" in said[0]
    assert "3500" in said[0]


def test_a_bundle_whose_member_was_changed_or_is_missing_is_refused(trained, tmp_path):
    folder = copied(trained[1], tmp_path)
    other = (folder / "net_0.h5").read_bytes()
    (folder / "net_1.h5").write_bytes(other)
    with pytest.raises(BundleError, match="another hash"):
        load_members(folder)
    (folder / "net_1.h5").unlink()
    with pytest.raises(BundleError, match=r"net_1\.h5"):
        load_members(folder)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda at: (at / "net_0.h5").unlink(), "without some of its 2 members"),
        (lambda at: (at / "net_1.h5").write_bytes(b"no HDF5"), "no QuasarNET"),
    ],
    ids=["missing", "broken"],
)
def test_an_ensemble_that_is_not_whole_becomes_no_bundle(trained, tmp_path, capsys, harm, words):
    ensemble = shutil.copytree(trained[0], tmp_path / "ensemble")
    harm(ensemble)
    command = ["import-models", str(ensemble), "--algorithm", "quasarnet"]
    assert scope_main([*command, "--models-dir", str(tmp_path / "models")]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if "error" in line.lower()]
    assert len(said) == 1
    assert words in said[0]
    assert not (tmp_path / "models").exists()


def test_what_nothing_was_measured_by_is_null_and_data_that_changed_are_refused(
    trained, tmp_path, capsys
):
    """Biases of -20 are confidences of 2e-9: such members call nothing a quasar."""
    ensemble = shutil.copytree(trained[0], tmp_path / "ensemble")
    for path in ensemble.glob("net_*.h5"):
        with h5py.File(path, "r+") as file:
            for name in file["model_weights"]:
                if name.startswith("fc_box_"):
                    layer = file["model_weights"][name][name]
                    layer["kernel:0"][...], layer["bias:0"][...] = 0, -20
    command = ["import-models", str(ensemble), "--algorithm", "quasarnet"]
    command += ["--models-dir", str(tmp_path / "models"), "--group"]
    assert scope_main([*command, "blind"]) == 0
    folder = tmp_path / "models/spectra/quasarnet/blind"
    for one in json.loads((folder / "metrics.json").read_text())["members"].values():
        assert one["quasars"] > 0
        assert (one["purity"], one["completeness"], one["velocity_km_s"]) == (None, 0.0, None)
    assert "purity unknown, completeness 0.000" in (folder / "card.md").read_text()
    np.save(ensemble / "quasar.npy", ~np.load(ensemble / "quasar.npy"))
    assert scope_main([*command, "other"]) == 2
    assert "changed since the ensemble was prepared" in capsys.readouterr().err
    assert scope_main([*command, "../../other"]) == 2
    assert "name of a group" in capsys.readouterr().err
    assert scope_main([*command, "other", "--scale-features", "min_max"]) == 2
    assert (
        "leave out --training-set, --feature-stats and --scale-features" in capsys.readouterr().err
    )
    assert [path.name for path in folder.parent.iterdir()] == ["blind"]
    assert not (tmp_path / "models/other").exists()


def test_the_card_says_half_a_bin_of_its_grid():
    """By hand: c times half a step of 0.001 dex, or 6.8 Angstrom by 3600 and by 9824."""
    c = 299792.458
    assert _half_bin(LOG_GRID) == f"{c * (10**0.0005 - 1):.0f} km/s" == "345 km/s"
    expected = f"{c * 6.8 / 3600:.0f} km/s at 3600 Angstrom, {c * 6.8 / 9824:.0f} at 9824"
    assert _half_bin(LINEAR_GRID) == expected


@pytest.mark.real
@pytest.mark.parametrize("name", ["test_weights.h5", "test_weights_6_layer.h5"])
def test_published_weights_are_a_bundle_and_score_as_published(quasarnp, tmp_path, name):
    """What the six layers should say is what TensorFlow said, as QuasarNP ships it."""
    command = ["import-models", str(quasarnp / name), "--algorithm", "quasarnet"]
    assert scope_main([*command, "--models-dir", str(tmp_path)]) == 0
    group = name.removesuffix(".h5")
    bundle = load_bundle(bundle_folder(tmp_path, TASK, "quasarnet", group), TASK)
    # The file stays as it was published.
    assert bundle.manifest["imported"] == {name: sha256_of((quasarnp / name).read_bytes())}
    assert bundle.read("net_0.h5") == (quasarnp / name).read_bytes()
    said = bundle.scorer("net_0").score({"spectrum": np.load(quasarnp / "coadd_x.npy")})
    if "6_layer" in name:
        expected = np.load(quasarnp / "qnet_output_6_layer.npy").transpose(1, 0, 2)
        np.testing.assert_allclose(said, expected, rtol=0, atol=1e-5)
    else:
        assert said.shape == (len(np.load(quasarnp / "coadd_x.npy")), 7, 26)
