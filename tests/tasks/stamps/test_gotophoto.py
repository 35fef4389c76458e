"""The gotophoto database on a real PostgreSQL server."""

from __future__ import annotations

import socket

import pandas as pd
import pytest

from scope.errors import AccessError, ConfigError, InputError, ServiceError
from scope.tasks.stamps import label_data
from scope.tasks.stamps.gotophoto import GotoPhoto
from scope.tasks.stamps.image_folder import ImageFolder
from scope.tasks.stamps.settings import open_images

from .postgres import PASSWORD, load_night, server

WORK = "/export/gotodata2"


@pytest.fixture(scope="module")
def database(night):
    with server() as port:
        load_night(port, night, WORK)
        yield port


@pytest.fixture
def settings(database, night, tmp_path, monkeypatch):
    """A working directory with .env, and a home with .pgpass, as the document asks for."""
    (tmp_path / ".env").write_text(
        "GOTOPHOTO_DB_NAME=gotophoto\nGOTOPHOTO_DB_USER=gotophoto\n"
        f"GOTOPHOTO_DB_HOST=127.0.0.1\nGOTOPHOTO_DB_PORT={database}\n"
        f"GOTOPHOTO_WORKDIR={WORK}\nGOTOPHOTO_STORAGEDIR={night}\n"
    )
    secret = tmp_path / ".pgpass"
    secret.write_text(f"127.0.0.1:{database}:gotophoto:gotophoto:{PASSWORD}\n")
    secret.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(secret))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_same_labelled_set_byte_for_byte_as_from_the_folder(night, settings):
    how = {"stamp_size": 21, "nproc": 1, "position_table": night / "minor_planets.csv"}
    from_folder = label_data.make(n_images=4, out_dir=settings / "a", images=night, **how)
    from_database = label_data.make(n_images=4, out_dir=settings / "b", **how)
    for name in ("data_labels.csv", "data_stamps.h5"):
        assert (from_database / name).read_bytes() == (from_folder / name).read_bytes()


def test_images_exposures_and_candidates_are_those_of_the_folder(night, settings):
    database, folder = open_images(), ImageFolder(night)
    assert isinstance(database, GotoPhoto)
    assert database.images(3) == folder.images(3)
    image = database.images(1)[0]
    assert database.exposures(image) == folder.exposures(image)
    ids = pd.read_csv(night / "candidates.csv")["id"].tolist()[7:2:-1]
    assert database.candidates(ids) == folder.candidates(ids)
    assert database.candidates([-5]) == {}


def test_votes_meet_their_detections_whatever_the_order_of_rows(night, settings):
    candidates = pd.read_csv(night / "candidates.csv").iloc[[9, 3, 20]]
    votes = pd.DataFrame({"photometry_id": candidates["id"], "label": [1, 0, 1]})
    votes.to_csv(settings / "votes.csv", index=False)
    how = {"stamp_size": 21, "nproc": 1}
    table = night / "minor_planets.csv"
    made = label_data.make(2, out_dir=settings / "sets", position_table=table, **how)
    label_data.add_marshall_cands(made, settings / "votes.csv", **how)
    labels = pd.read_csv(made / "data_labels.csv")
    added = labels[labels["metalabel"] == "marshall"].merge(
        candidates.assign(vote=[1, 0, 1]), on=["ra", "dec"]
    )
    assert (added["label"] == added["vote"]).tolist() == [True] * 3


def test_no_password_says_which_line_is_missing(settings, monkeypatch, database):
    monkeypatch.setenv("PGPASSFILE", str(settings / "none"))
    with pytest.raises(AccessError, match=f"pgpass has the line 127.0.0.1:{database}:gotophoto"):
        label_data.make(n_images=1, out_dir=settings)
    monkeypatch.setenv("PGPASSFILE", str(settings / ".pgpass"))
    (settings / ".pgpass").write_text(f"127.0.0.1:{database}:gotophoto:gotophoto:wrong\n")
    with pytest.raises(AccessError) as caught:
        label_data.make(n_images=1, out_dir=settings)
    assert "wrong" not in str(caught.value)
    assert not list(settings.glob("data_*"))


def test_a_server_that_is_not_there_and_settings_that_are_missing(settings, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("GOTOPHOTO_DB_PORT", str(probe.getsockname()[1]))
        with pytest.raises(ServiceError, match="GOTOPHOTO_DB_HOST"):
            label_data.make(n_images=1, out_dir=settings)
    (settings / ".env").write_text("GOTOPHOTO_DB_NAME=gotophoto\n")
    with pytest.raises(ConfigError, match="GOTOPHOTO_DB_USER"):
        label_data.make(n_images=1, out_dir=settings)
    (settings / ".env").write_text("")
    with pytest.raises(ConfigError, match="GOTORB_IMAGES"):
        label_data.make(n_images=1, out_dir=settings)


def test_a_database_without_the_table_is_one_clear_line(settings, monkeypatch):
    path = settings / ".env"
    path.write_text(path.read_text().replace("DB_NAME=gotophoto", "DB_NAME=postgres"))
    (settings / ".pgpass").write_text(f"*:*:*:gotophoto:{PASSWORD}\n")
    with pytest.raises(InputError, match=r'without a table.*relation "image" does not exist'):
        label_data.make(n_images=1, out_dir=settings)
