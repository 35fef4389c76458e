"""The commands of the document, as they are printed, in the folder of the scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from scope.tasks.spectra.ensemble import load_examples, load_members
from scope.tasks.spectra.run_ensemble import SUMMARY, TABLE
from scope.tasks.spectra.simulate import Source, template
from scope.tasks.spectra.spectrum_files import STACKED_FIRST, STACKED_STEP

TRAIN = (
    './train_qnet_ensemble.py --amsgrad -t "./training_data/truth_dr12q.fits" '
    '-d "./training_data/dr12_train.fits" -o "." '
    '-dd "./fuji_data/fuji_perexp_combined_QSO_truthmatched.fits" '
    '-dt "./fuji_data/desi_vi_blanc_truth_QSO_combined.csv" -n 200 -e 10'
)
RUN_TF = './ensemble_run_tf.py -d "$GUADALUPE_LOC" -o ".." -i "../ensemble_cumulative"'
SMALLER = " --filters 4 --batch-size 16 --som-cells 3"
BOSS = 30


def write_boss(folder: Path) -> None:
    """Write spectra in the stacked form of the DR12 training set, and their superset table."""
    folder.mkdir()
    wave = 10 ** (STACKED_FIRST + STACKED_STEP * np.arange(4600))
    rng = np.random.default_rng(0)
    kinds = ["QSO", "STAR", "GALAXY"] * (BOSS // 3)
    z = np.where(np.array(kinds) == "STAR", 0.0, rng.uniform(0.3, 1.2, BOSS))
    flux = [template(Source(i, k, z[i], False), wave, rng) for i, k in enumerate(kinds)]
    noisy = np.array(flux) + rng.normal(0, 0.2, (BOSS, len(wave)))
    ids = np.arange(1, BOSS + 1)
    table = fits.BinTableHDU.from_columns([fits.Column("TARGETID", "K", array=ids)])
    parts = [fits.PrimaryHDU(noisy.astype("f4")), fits.ImageHDU(np.full(noisy.shape, 25, "f4"))]
    fits.HDUList([*parts, table]).writeto(folder / "dr12_train.fits")
    person = [{"QSO": 3, "STAR": 1, "GALAXY": 4}[kind] for kind in kinds]
    columns = {"THING_ID": ids, "Z_VI": z, "PLATE": ids, "MJD": ids, "FIBERID": ids}
    columns |= {"CLASS_PERSON": person, "Z_CONF_PERSON": [3] * BOSS}
    columns |= {"BAL_FLAG_VI": [0] * BOSS, "BI_CIV": np.zeros(BOSS)}
    kind_of = {"Z_VI": "D", "BI_CIV": "D"}
    made = [fits.Column(n, kind_of.get(n, "J"), array=np.array(v)) for n, v in columns.items()]
    fits.BinTableHDU.from_columns(made).writeto(folder / "truth_dr12q.fits")


@pytest.fixture(scope="module")
def al(root, survey, tmp_path_factory) -> Path:
    """A folder with the scripts and the data of the document, and an ensemble trained there."""
    folder = tmp_path_factory.mktemp("document") / "al"
    folder.mkdir()
    for script in (root / "al").glob("*.py"):
        (folder / script.name).symlink_to(script)
    write_boss(folder / "training_data")
    (folder / "fuji_data").mkdir()
    fuji = folder / "fuji_data"
    shutil.copy(survey / "combined.fits", fuji / "fuji_perexp_combined_QSO_truthmatched.fits")
    shutil.copy(survey / "truth.csv", fuji / "desi_vi_blanc_truth_QSO_combined.csv")
    call(folder, TRAIN.replace("-n 200 -e 10", "-n 4 -e 2") + SMALLER, survey)
    return folder


def call(folder: Path, command: str, survey: Path) -> None:
    """Run a line of the document by the shell; `python3` is that of the tests."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    settings = {**os.environ, "PATH": path, "GUADALUPE_LOC": str(survey)}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_both_surveys_are_learnt_from(al, survey):
    """40 objects of two exposures, of which some may lack flux, and 30 spectra of BOSS."""
    assert len(load_members(al / "ensemble")) == 4
    objects = load_examples(al / "ensemble").objects
    assert (objects < 0).sum() == BOSS
    assert len(set(objects[objects >= 0])) == 40


def test_both_runs_give_one_table(al, survey):
    """As printed, the ensemble lies above the scripts, and the table goes there."""
    shutil.copytree(al / "ensemble", al.parent / "ensemble_cumulative", dirs_exist_ok=True)
    tables, summaries = [], []
    for command in (RUN_TF, RUN_TF.replace("_tf", "")):
        call(al, command, survey)
        tables.append(pd.read_csv(al.parent / TABLE))
        summaries.append(pd.read_parquet(al.parent / SUMMARY))
        for path in al.parent.glob("qnet_ensemble_*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    pd.testing.assert_frame_equal(tables[0], tables[1], rtol=0, atol=1e-6)
    probabilities = [name for name in summaries[0] if name.startswith("P_")]
    assert len(probabilities) == 3
    for name in [*probabilities, "ENTROPY", "MUTUAL_INFORMATION", "SPREAD"]:
        np.testing.assert_allclose(summaries[0][name], summaries[1][name], rtol=0, atol=1e-6)
