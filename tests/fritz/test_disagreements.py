"""``scope-upload-disagreements`` against the stubs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from scope.cli.upload_disagreements import main
from scope.errors import InputError
from scope.fritz.disagreements import (
    DisagreementOptions,
    disagreements_of_kowalski,
    disagreements_of_table,
)
from tests.services.fritz_sky import settings_text
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import coordinates

SCORES = {11: (0.99, 0.05), 12: (0.99, 0.99), 13: (0.02, 0.97), 14: (0.96, 0.1), 15: (0.9, 0.0)}
"""vnv_dnn and vnv_xgb of light curves; 11, 13 and 14 disagree."""


@pytest.fixture
def catalogue(stub, stars) -> pd.DataFrame:
    places = [stars[k % len(stars)] for k in range(len(SCORES))]
    table = pd.DataFrame(
        {
            "_id": list(SCORES),
            "ra": [star["objra"] for star in places],
            "dec": [star["objdec"] for star in places],
            "period": [0.5, 0.6, None, 0.7, 0.8],
            "Gaia_EDR3___id": [0, 1, 2**60 + 1, 3, 4],
            "vnv_dnn": [dnn for dnn, _ in SCORES.values()],
            "vnv_xgb": [xgb for _, xgb in SCORES.values()],
        }
    )
    table.to_parquet("catalog.parquet")
    Path("training.csv").write_text("ztf_id,variable\n14,1\n99,0\n")
    return table


def uploaded(stub) -> dict[str, dict]:
    return {
        row["data"]["ztf_id"]: row["data"] for row in stub.database.all("select * from annotations")
    }


def test_sources_that_are_seen_differently_are_uploaded_once(stub, catalogue, capsys) -> None:
    command = ["-file", "training.csv", "-id", "4", "--scores", "catalog.parquet"]
    assert main([*command, "--dry-run"]) == 0
    assert stub.written() == []
    capsys.readouterr()
    assert main(command) == 0
    assert "3 light curves disagree, 2 of them in no training set" in capsys.readouterr().out
    assert uploaded(stub) == {
        "11": {"ztf_id": "11", "period": 0.5, "vnv_dnn": 0.99, "vnv_xgb": 0.05},
        "13": {
            **{"ztf_id": "13", "vnv_dnn": 0.02, "vnv_xgb": 0.97},
            "Gaia_EDR3": str(2**60 + 1),
        },
    }
    assert stub.database.value("select count(*) from sources where group_id = 4") == 2
    assert stub.database.value("select count(*) from photometry") > 50
    before = len(stub.written())
    assert main(command) == 0
    assert len(stub.written()) == before


def test_scores_may_come_from_kowalski(stub, catalogue, monkeypatch) -> None:
    rows = catalogue.to_dict("records")
    scores = [{name: row[name] for name in ("_id", "vnv_dnn", "vnv_xgb")} for row in rows]
    features = [
        {**{name: row[name] for name in ("_id", "period")}, **coordinates(row["ra"], row["dec"])}
        for row in rows
    ]
    for row in features:
        row["coordinates"] = {k: row.pop(k) for k in ("radec_str", "radec_geojson") if k in row}
    collections = {
        "ZTF_source_classifications_DR16": scores,
        "ZTF_source_features_DR16": features,
    }
    with StubKowalski(collections) as server:
        host = f"{{host: 127.0.0.1, port: {server.port}, protocol: http}}"
        text = Path("config.yaml").read_text().partition("archive")[0]
        Path("config.yaml").write_text(f"{text}kowalski: {{hosts: {{gloria: {host}}}}}\n")
        monkeypatch.setenv("GLORIA_INSTANCE_TOKEN", server.token())
        assert main(["--file", "training.csv", "--group-ids", "4", "--skip-phot"]) == 0
    assert set(uploaded(stub)) == {"11", "13"}
    assert settings_text(stub) in text


def test_tokens_have_no_place_on_the_command_line(stub, catalogue, capsys) -> None:
    assert main(["-file", "training.csv", "-id", "4", "-token", "secret"]) == 2
    error = capsys.readouterr().err
    assert "FRITZ_INSTANCE_TOKEN" in error
    assert "secret" not in error


def test_one_light_curve_without_gaia_rounds_no_other_id(catalogue) -> None:
    gaia = {11: None, 13: 2079018300197390465, 14: 2079018300197390467}

    class Client:
        def find(self, collection, condition, projection):
            return [{"_id": k, "vnv_dnn": 0.99, "vnv_xgb": 0.0} for k in gaia]

        def map(self, queries):
            places = {"ra": 1.0, "dec": 2.0, "period": None}
            return [[{"_id": k, "Gaia_EDR3___id": v, **places} for k, v in gaia.items()]]

    table = disagreements_of_kowalski(Client(), "scores", "features", DisagreementOptions())
    assert table["Gaia_EDR3___id"].tolist() == [pd.NA, *list(gaia.values())[1:]]
    # nor does a second catalogue that has none at all
    listed = catalogue.assign(Gaia_EDR3___id=2079018300197390465)
    parts = [listed, catalogue.drop(columns="Gaia_EDR3___id")]
    found = pd.concat([disagreements_of_table(part, DisagreementOptions()) for part in parts])
    assert set(found["Gaia_EDR3___id"].dropna()) == {2079018300197390465}
    rounded = catalogue.assign(Gaia_EDR3___id=2079018300197390465.0)
    with pytest.raises(InputError, match="16 digits"):
        disagreements_of_table(rounded, DisagreementOptions())
