"""What is wrong with a file is said in one line, by the commands that users call."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from scope.active.som import MapOptions, train_map
from scope.cli import ensemble_run, train_qnet_ensemble
from scope.cli.main import main as scope_main
from scope.io.atomic import write_bytes
from scope.models.spectra.quasar_net import QuasarNet, network_bytes, output_lengths
from scope.models.spectra.wavelength_grid import LINEAR_GRID, LINES, LOG_GRID
from scope.tasks.spectra.spectrum_files import tree_files

BOXES, FILTERS, WIDTH = 13, 2, 3


def drawn_network(grid, seed=0):
    """A network of two filters with weights drawn at random."""
    rng = np.random.default_rng(seed)

    def drawn(*shape):
        return rng.normal(0, 0.1, shape).astype(np.float32)

    def norm(n):
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        return dict(zip(names, (np.ones(n), np.zeros(n), np.zeros(n), np.ones(n)), strict=True))

    layers = {}
    for number in range(1, 5):
        width = 1 if number == 1 else FILTERS
        layers[f"conv_{number}"] = {"kernel": drawn(10, width, FILTERS), "bias": drawn(FILTERS)}
        layers[f"bn_{number}"] = norm(FILTERS)
    flat = output_lengths(grid.n_bins, 4, "valid")[-1] * FILTERS
    layers |= {"fc_common": {"kernel": drawn(flat, WIDTH), "bias": drawn(WIDTH)}}
    layers |= {"bn_common": norm(WIDTH)}
    for head in range(len(LINES) + 1):
        for kind in ("box", "offset"):
            layers[f"fc_{kind}_{head}"] = {"kernel": drawn(WIDTH, BOXES), "bias": drawn(BOXES)}
    layers = {
        k: {n: np.asarray(v, np.float32) for n, v in one.items()} for k, one in layers.items()
    }
    return QuasarNet(layers, "valid", grid)


@pytest.fixture
def ensemble(tmp_path):
    """Three members and a map."""
    folder = tmp_path / "ensemble"
    for number in range(3):
        write_bytes(network_bytes(drawn_network(LOG_GRID, number)), folder / f"net_{number}.h5")
    rows = np.random.default_rng(0).normal(size=(20, LOG_GRID.n_bins))
    train_map(rows, MapOptions(shape=(2, 2), iterations=2)).save(folder)
    return folder


@pytest.fixture
def tree(survey, tmp_path):
    """One exposure, to be damaged."""
    _, _, file = tree_files(survey)[0]
    place = tmp_path / "tree" / file.parent.parent.name / file.parent.name
    place.mkdir(parents=True)
    shutil.copy(file, place)
    return tmp_path / "tree"


def one_line(capsys, status, *words):
    """What a command has printed is one line of error with all the words, and no traceback."""
    said = capsys.readouterr().err
    lines = [line for line in said.splitlines() if "error" in line.lower()]
    assert status == 2, said
    assert len(lines) == 1, said
    assert "Traceback" not in said
    for word in words:
        assert word in lines[0]


def score(tree, ensemble):
    out = tree.parent / "out"
    return ensemble_run.main(["-d", str(tree), "-o", str(out), "-i", str(ensemble)])


def test_all_is_well_before_it_is_damaged(tree, ensemble):
    assert score(tree, ensemble) == 0


def test_weights_of_another_grid(tree, ensemble, capsys):
    write_bytes(network_bytes(drawn_network(LINEAR_GRID)), ensemble / "net_1.h5")
    one_line(capsys, score(tree, ensemble), "net_1.h5", "another grid", "458", "443")


def test_a_member_that_is_missing(tree, ensemble, capsys):
    (ensemble / "net_1.h5").unlink()
    one_line(capsys, score(tree, ensemble), "net_1.h5", "without some of its 3 members")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_truncated_file_of_spectra(tree, ensemble, capsys, share):
    (path,) = tree.rglob("*.fits")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    one_line(capsys, score(tree, ensemble), path.name)


TRUTH = "TARGETID,VI_Z,VI_QUALITY,VI_CLASS\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("TARGETID,VI_Z,VI_QUALITY\n1,2.0,4\n", ("VI_CLASS", "truth.csv")),
        (
            f"{TRUTH}39627784716716099,2.5,4,QSO\n39627784716716099,0,4,STAR\n",
            ("39627784716716099", "QSO_HZ", "STAR"),
        ),
        (f"{TRUTH}3.96278E+16,2.5,4,QSO\n", ("TARGETID",)),
        ("", ("truth.csv",)),
    ],
    ids=["no column", "two truths", "rounded id", "empty"],
)
def test_a_truth_table_that_cannot_be_used(survey, tmp_path, capsys, text, words):
    (tmp_path / "truth.csv").write_text(text)
    arguments = ["-dd", str(survey / "combined.fits"), "-dt", str(tmp_path / "truth.csv")]
    status = train_qnet_ensemble.main(["-o", str(tmp_path), "-n", "1", *arguments])
    one_line(capsys, status, *words)


def test_a_superset_table_without_a_column(tmp_path, capsys):
    from astropy.io import fits

    columns = [fits.Column("THING_ID", "J", array=[1]), fits.Column("Z_VI", "D", array=[1.0])]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "superset.fits")
    arguments = ["-d", str(tmp_path / "x.fits"), "-t", str(tmp_path / "superset.fits")]
    status = train_qnet_ensemble.main(["-o", str(tmp_path), "-n", "1", *arguments])
    one_line(capsys, status, "CLASS_PERSON", "superset.fits")


def test_a_table_of_scores_without_a_column(tmp_path, capsys):
    table = pd.DataFrame({"TARGETID": [1], "C_NOT": [0.5]})
    table.to_csv(tmp_path / "scores.csv", index=False)
    one_line(capsys, scope_main(["al-querier", str(tmp_path / "scores.csv")]), "C_QSO_LZ")
    one_line(capsys, scope_main(["al-querier", str(tmp_path / "none.csv")]), "none.csv")
