"""Providers of minor planets: a server that speaks SkyBoT's format, pympc, a table."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import numpy as np
import pandas as pd
import pytest

from scope.errors import ConfigError, InputError, ServiceError
from scope.tasks.stamps import minor_planets
from scope.tasks.stamps.images import DifferenceImage
from scope.tasks.stamps.minor_planets import (
    open_provider,
    parse_skybot,
    positions_at,
    query_skybot,
)

IMAGE = DifferenceImage(1, "x.fits", 30.0, -5.0, 60000.25, 1, 3, 1)

ANSWER = """# Flag: 1
# Ticket: 166332398034
# Num | Name | RA(h) | DE(deg) | Class | Mv | Err(arcsec) | d(arcsec)
2021 | Poincare | 02 00 00.0000 | -05 00 36.000 | MB>Inner | 17.2 | 0.04 | 36.0
 - | 2010 AB1 | 02 01 00.5 | -04 59 24.0 | MB>Outer | 20.9 | 1.2 | 910.1
"""


class Handler(BaseHTTPRequestHandler):
    """Answers as SkyBoT, and remembers what it was asked."""

    def do_GET(self):
        server = self.server
        with server.lock:
            server.queries.append(parse_qs(urlparse(self.path).query))
            server.now += 1
            server.most = max(server.most, server.now)
        time.sleep(server.slow)
        status, text = server.script.pop(0) if server.script else (200, ANSWER)
        with server.lock:
            server.now -= 1
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def skybot(monkeypatch):
    monkeypatch.setattr(minor_planets, "PAUSE_SECONDS", 0.001)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.lock, server.queries, server.script = threading.Lock(), [], []
    server.now, server.most, server.slow = 0, 0, 0.0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}/"
    yield server
    server.shutdown()
    server.server_close()


def test_a_cone_is_asked_for_and_read(skybot):
    found = query_skybot(IMAGE, 1.8, 20.2, url=skybot.url)
    assert found["name"].tolist() == ["Poincare"]  # The other one is too faint.
    assert found["ra"].iloc[0] == pytest.approx(30.0)
    assert found["dec"].iloc[0] == pytest.approx(-5.01)
    (query,) = skybot.queries
    assert query["-ep"] == ["2460000.75"]
    assert query["-loc"] == ["950"]
    assert query["-rd"] == ["1.8"]
    assert (query["-mime"], query["-output"]) == (["text"], ["object"])


def test_it_is_asked_again_after_a_fault_but_not_after_a_refusal(skybot):
    skybot.script = [(503, ""), (429, ""), (200, ANSWER)]
    assert len(query_skybot(IMAGE, 1.8, 22, url=skybot.url)) == 2
    assert len(skybot.queries) == 3
    skybot.script = [(403, "")]
    with pytest.raises(ServiceError, match="status 403"):
        query_skybot(IMAGE, 1.8, 22, url=skybot.url)
    assert len(skybot.queries) == 4


def test_never_more_than_three_at_a_time(skybot):
    skybot.slow = 0.05
    threads = [
        threading.Thread(target=query_skybot, args=(IMAGE, 1, 22), kwargs={"url": skybot.url})
        for _ in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(skybot.queries) == 9
    assert skybot.most <= 3


def test_nothing_there_is_an_answer_and_nonsense_is_none():
    assert (
        len(parse_skybot("# Flag: 0\n# Ticket: 1\n# No solar system object was found\n", 22)) == 0
    )
    assert len(parse_skybot("", 22)) == 0
    for text in ("<html>\n<b>gone</b>\n</html>\n", ANSWER.replace("17.2", "bright")):
        with pytest.raises(ServiceError, match="cannot be read"):
            parse_skybot(text, 22)


def test_positions_between_epochs_are_interpolated_across_zero_hours():
    table = pd.DataFrame(
        {
            "name": ["a", "a", "b", "b", "c"],
            "mjd": [60000.0, 60001.0, 59000.0, 59001.0, 60000.25],
            "ra": [359.9, 0.3, 30.0, 30.0, 0.0],
            "dec": [1.0, 2.0, 0.0, 0.0, 0.0],
            "mag": [18.0, 18.0, 18.0, 18.0, 18.0],
        }
    )
    image = DifferenceImage(1, "x", 0.0, 1.0, 60000.25, 1, 3, 1)
    found = positions_at(table, image, 1.8, 20.0)
    assert found["name"].tolist() == ["a"]  # b is over, c has no second epoch.
    assert found["ra"].iloc[0] == pytest.approx(0.0, abs=1e-9)
    assert found["dec"].iloc[0] == pytest.approx(1.25)
    assert len(positions_at(table, image, 0.1, 20.0)) == 0
    assert len(positions_at(table, image, 1.8, 17.0)) == 0


def test_an_epoch_that_is_met_counts_once():
    table = pd.DataFrame(
        {"name": "a", "mjd": [60000.0, 60000.25, 60001.0], "ra": 30.0, "dec": -5.0, "mag": 18.0}
    )
    assert len(positions_at(table, IMAGE, 1, 20)) == 1


XEPHEM = "test,e,10.0,80.0,73.0,2.77,0.2138,0.08,95.0,01/01.0/2023,2000,H3.3,0.15\n"


def test_pympc_works_offline(tmp_path):
    """An orbit like that of Ceres, in the format that pympc downloads; its own ephemeris is asked
    where the body is, so that the cone around it must hold it."""
    import ephem

    path = tmp_path / "xephem.csv"
    path.write_text(XEPHEM)
    body = ephem.readdb(XEPHEM.strip())
    body.compute(ephem.Date("2023/2/25 06:00:00"), epoch="2000")
    ra, dec = np.degrees(float(body.a_ra)), np.degrees(float(body.a_dec))
    image = DifferenceImage(1, "x", float(ra), float(dec), 60000.25, 1, 3, 1)
    ask = open_provider("pympc", observatory="500", xephem_path=str(path))
    found = ask(image, 0.5, 20.0)
    assert found["name"].tolist() == ["test"]
    assert found["ra"].iloc[0] == pytest.approx(ra, abs=0.02)
    gone = open_provider("pympc", observatory="500", xephem_path=str(tmp_path / "none.csv"))
    with pytest.raises(InputError, match="update_catalogue"):
        gone(image, 0.5, 20.0)


def test_providers_are_named():
    with pytest.raises(ConfigError, match="skybot, pympc, table"):
        open_provider("horizons")
    with pytest.raises(ConfigError, match=r"minor_planets\.csv"):
        open_provider("table")
