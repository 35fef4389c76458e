"""A search of three networks that is gone on with, and what training makes of its best."""

from __future__ import annotations

import pytest

from scope.errors import ConfigError, InputError
from scope.models.images.architectures import Bayesian, parse_hyperparameters
from scope.tasks.stamps.hyperparameter_tuning import (
    brackets_trials,
    parse_tuning_file,
    run_model_tuning,
)

from .test_classifier import drawn_set


def test_a_search_goes_on_where_it_was_and_its_best_can_be_built(tmp_path):
    folder = drawn_set(tmp_path / "data_1")
    how = {"max_epochs": 2, "runname": "tiny", "layers": (0, 2), "batch_size": 64}
    run_model_tuning(folder, n_trials=2, **how)
    first = parse_tuning_file(folder / "tuning_tiny.db")
    best = run_model_tuning(folder, n_trials=3, **how)
    table = parse_tuning_file(folder / "tuning_tiny.db")
    assert len(table) == 3
    # The networks of before stand; the new one is none of them.
    assert table["learning_rate"].tolist()[:2] == first["learning_rate"].tolist()
    assert table["learning_rate"].nunique() == 3
    done = table[table["state"] == "complete"]
    assert best["learning_rate"] == done.loc[done["value"].idxmax(), "learning_rate"]
    assert isinstance(parse_hyperparameters(best), Bayesian)
    # The best of a search by another figure, or of other images, would be none.
    for change in ({"metric": "val_loss"}, {"layers": (0,)}, {"max_epochs": 3}):
        with pytest.raises(InputError, match="begun with another"):
            run_model_tuning(folder, n_trials=3, **{**how, **change})
    with pytest.raises(InputError, match=r"no such search, .*other.*tiny"):
        parse_tuning_file(folder / "tuning_tiny.db", "other")


def test_hyperband_starts_the_published_number_of_networks():
    """Li et al. 2018, table 1: R = 81, factor 3 starts 81 + 34 + 15 + 8 + 5."""
    assert brackets_trials(81) == 81 + 34 + 15 + 8 + 5


def test_what_cannot_be_searched_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="val_accuracy, val_loss"):
        run_model_tuning(tmp_path, metric="auc")
    with pytest.raises(InputError, match="no such search"):
        parse_tuning_file(tmp_path / "tuning_x.db")
    (tmp_path / "tuning_y.db").write_text("no search" * 100)
    with pytest.raises(InputError, match="file that is no search"):
        parse_tuning_file(tmp_path / "tuning_y.db")
    with pytest.raises(ConfigError, match="learning_rate"):
        parse_hyperparameters({"filters": 8})
