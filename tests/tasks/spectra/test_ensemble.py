"""Ensembles: trained, killed, run, asked; by the scripts of their document."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from scope.errors import BundleError, NotFoundError, UsageError
from scope.io import read_metadata
from scope.tasks.spectra import al_query
from scope.tasks.spectra import run_ensemble as ensembles
from scope.tasks.spectra.ensemble import (
    EnsembleOptions,
    NetworkOptions,
    gather_examples,
    load_members,
    member_rows,
    prepare_ensemble,
    train_members,
)
from scope.tasks.spectra.run_ensemble import COLUMNS, PARTS, SUMMARY, TABLE, run_ensemble

TINY = ["--filters", "4", "-e", "2", "--batch-size", "16", "--som-cells", "3"]


@pytest.fixture(scope="module")
def trained(root, survey, tmp_path_factory):
    """An ensemble as the document trains it, by its script, in its folder."""
    out = tmp_path_factory.mktemp("ensemble")
    command = [sys.executable, str(root / "al" / "train_qnet_ensemble.py"), "--amsgrad"]
    command += ["-o", str(out), "-n", "3", *TINY]
    command += ["-dd", str(survey / "combined.fits"), "-dt", str(survey / "truth.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root / "al")
    assert done.returncode == 0, done.stderr
    return out / "ensemble"


def test_the_script_leaves_members_and_a_map(trained):
    assert len(load_members(trained)) == 3
    assert np.load(trained / "weights.npy").shape == (9, 443)
    assert np.load(trained / "loss.npy").ndim == 1


def test_a_member_trained_alone_after_a_kill_is_the_same(trained, survey, tmp_path):
    options = EnsembleOptions(
        members=3, network=NetworkOptions(filters=4, epochs=2, batch=16, amsgrad=True)
    )
    examples = gather_examples(
        desi=[survey / "combined.fits"], desi_truth=[survey / "truth.csv"], options=options
    )
    folder = prepare_ensemble(tmp_path / "again", examples, options)
    train_members(folder, [2])
    assert (folder / "net_2.h5").read_bytes() == (trained / "net_2.h5").read_bytes()
    with pytest.raises(BundleError, match="net_0"):
        load_members(folder)
    changed = EnsembleOptions(members=3, seed=1, network=options.network)
    with pytest.raises(UsageError, match="seed"):
        prepare_ensemble(folder, examples, changed)


def test_bootstrap_draws_objects_with_all_their_exposures(survey):
    examples = gather_examples(desi=[survey / "combined.fits"], desi_truth=[survey / "truth.csv"])
    rows, drawn, _ = member_rows(examples, EnsembleOptions(), 5)
    inside = set(examples.objects[rows])
    assert inside == set(drawn)
    assert 0.5 < len(inside) / len(set(examples.objects)) < 0.8
    for name in list(inside)[:5]:
        own = np.flatnonzero(examples.objects == name)
        assert len({int((rows == row).sum()) for row in own}) == 1
    one = gather_examples(
        desi=[survey / "combined.fits"],
        desi_truth=[survey / "truth.csv"],
        options=EnsembleOptions(single_exp=True),
    )
    assert len(one) == len(set(one.objects)) == len(set(examples.objects))


def test_the_table_is_as_documented(trained, survey, tmp_path):
    table = run_ensemble(survey, tmp_path, trained)
    frame = pd.read_csv(table)
    assert table.name == TABLE
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 80
    shares = frame[["C_NOT", "C_QSO_LZ", "C_QSO_HZ"]].dropna()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    summary = pd.read_parquet(tmp_path / SUMMARY)
    assert len(summary) == 80
    # By which the desk draws the spectra.
    assert read_metadata(tmp_path / SUMMARY)["grid"] == "log"
    assert not (tmp_path / PARTS).exists()


def killed_after(monkeypatch, n, *arguments):
    """Run until n exposures are scored; return how many were, here and in the run after it."""
    whole, done = ensembles._run_exposure, []

    def counted(*exposure):
        done.append(exposure[:2])
        if len(done) == n + 1:
            raise KeyboardInterrupt
        return whole(*exposure)

    monkeypatch.setattr(ensembles, "_run_exposure", counted)
    with pytest.raises(KeyboardInterrupt):
        run_ensemble(*arguments)
    return done


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(trained, survey, tmp_path, monkeypatch):
    expected = run_ensemble(survey, tmp_path / "whole", trained)
    done = killed_after(monkeypatch, 1, survey, tmp_path / "torn", trained)
    assert not (tmp_path / "torn" / TABLE).exists()
    found = run_ensemble(survey, tmp_path / "torn", trained)
    # What the kill came upon is done again, and nothing else.
    assert sorted(done) == sorted([*set(done), done[1]])
    for name in (TABLE, SUMMARY):
        assert (found.parent / name).read_bytes() == (expected.parent / name).read_bytes()


@pytest.mark.parametrize(
    "differs", ["members", "map", "spectra", "spectra of the same size and time"]
)
def test_nothing_of_another_run_is_left_in_the_tables(
    trained, survey, tmp_path, monkeypatch, differs
):
    """Expected: the tables in a folder of their own, where nothing was before."""
    ensemble, data = (shutil.copytree(one, tmp_path / one.name) for one in (trained, survey))
    killed_after(monkeypatch, 1, data, tmp_path / "torn", ensemble)
    if differs == "members":
        shutil.move(ensemble / "net_1.h5", ensemble / "net_3.h5")
        shutil.copy(ensemble / "net_0.h5", ensemble / "net_1.h5")
    elif differs == "map":
        np.save(ensemble / "weights.npy", np.load(ensemble / "weights.npy")[::-1])
    else:
        one, two = sorted(data.glob("*/*/coadd-*.fits"))[:2]
        before = one.stat()
        shutil.copy(two, one)
        if differs != "spectra":
            os.utime(one, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert one.stat().st_size == before.st_size
    found = run_ensemble(data, tmp_path / "torn", ensemble)
    expected = run_ensemble(data, tmp_path / "whole", ensemble)
    before = run_ensemble(survey, tmp_path / "before", trained)
    assert (before.parent / SUMMARY).read_bytes() != (expected.parent / SUMMARY).read_bytes()
    for name in (TABLE, SUMMARY):
        assert (found.parent / name).read_bytes() == (expected.parent / name).read_bytes()


def test_tensorflow_gives_the_same_table(trained, survey, tmp_path):
    run_ensemble(survey, tmp_path / "onnx", trained)
    run_ensemble(survey, tmp_path / "keras", trained, backend="keras")
    one, two = (pd.read_parquet(tmp_path / name / SUMMARY) for name in ("onnx", "keras"))
    for column in one.columns:
        np.testing.assert_allclose(one[column], two[column], atol=1e-5, err_msg=column)
    tables = [pd.read_csv(tmp_path / name / TABLE) for name in ("onnx", "keras")]
    np.testing.assert_allclose(*(t[["C_NOT", "C_QSO_LZ", "C_QSO_HZ"]] for t in tables), atol=1e-6)


def test_no_folder_of_spectra_or_members_is_said_in_one_line(trained, survey, tmp_path):
    with pytest.raises(NotFoundError, match="coadd"):
        run_ensemble(tmp_path, tmp_path / "out", trained)
    with pytest.raises(NotFoundError, match="members"):
        run_ensemble(survey, tmp_path / "out", tmp_path)


def scores():
    """Ten rows of an ensemble of four; cell 1 is sparse."""
    votes = [(4, 0, 0), (2, 2, 0), (2, 1, 1), (3, 1, 0), (1, 1, 2), (0, 0, 4), (0, 2, 2)]
    rows = [(100 + i, 1, 1, *np.array(v) / 4, 0) for i, v in enumerate(votes)]
    rows += [(102, 2, 9, 0.25, 0.5, 0.25, 0), (101, 1, 2, 0.75, 0.25, 0, 0)]
    rows += [(110, 1, 1, 0.25, 0.25, 0.5, 1)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_the_query_follows_the_notebook_and_counts_every_step():
    """Worked by hand: 110 is in a sparse cell, 104 has a dead camera, 106 is listed."""
    said = []
    result = al_query.query(scores(), 2, dead_cameras=[104], elsewhere=[106], say=said.append)
    assert result.n_members == 4
    assert result.selection["TARGETID"].tolist() == [102, 101]
    assert result.counts == {
        "rows": 10,
        "scored": 10,
        "in filled cells": 9,
        "targets": 7,
        "all cameras": 6,
        "not elsewhere": 5,
        "on several tiles": 1,
    }
    assert result.threshold == pytest.approx(np.log(2))
    assert len(said) == 7


def test_the_selection_is_one_id_a_line_and_the_picture_is_there(tmp_path):
    result = al_query.query(scores(), 3, say=lambda line: None)
    al_query.write_selection(result, tmp_path / "targetid_selection.txt")
    lines = (tmp_path / "targetid_selection.txt").read_text().splitlines()
    assert lines == [str(one) for one in result.selection["TARGETID"]]
    al_query.plot_use(result.use, result.threshold, tmp_path / "entropy_dist.jpg")
    assert (tmp_path / "entropy_dist.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert al_query.read_targets(tmp_path / "targetid_selection.txt").tolist() == [
        int(line) for line in lines
    ]


def test_the_notebook_runs_and_leaves_the_selection(root, tmp_path, monkeypatch):
    import nbclient
    import nbformat

    scores().to_csv(tmp_path / "table.csv", index=False)
    monkeypatch.setenv("AL_TABLE", str(tmp_path / "table.csv"))
    monkeypatch.setenv("AL_NUMBER", "3")
    monkeypatch.setenv("PYTHONPATH", str(root))
    notebook = nbformat.read(root / "al" / "al_querier.ipynb", as_version=4)
    done = nbclient.NotebookClient(notebook, resources={"metadata": {"path": tmp_path}}).execute()
    said = "".join(
        output.get("text", "") for cell in done.cells for output in cell.get("outputs", [])
    )
    assert "10 rows, 4 members" in said
    expected = al_query.query(scores(), 3, say=lambda line: None).selection["TARGETID"]
    lines = (tmp_path / "targetid_selection.txt").read_text().splitlines()
    assert lines == [str(one) for one in expected]
