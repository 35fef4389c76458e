"""The client of Fritz against a stub of it: real requests, real sockets, real faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scope.errors import AccessError, ConfigError, NotFoundError, RefusedError, ServiceError
from scope.services.credentials import Credentials
from scope.services.fritz import Fritz, FritzOptions, RetryPolicy
from scope.services.limiter import RateLimiter
from tests.services.fritz_sky import GROUP, OTHER_GROUP, client_of, furnish
from tests.services.fritz_stub import Fault, StubFritz
from tests.services.fritz_stub.faults import EVERY_KIND

IMPATIENT = RetryPolicy(first_wait_seconds=0.01, longest_wait_seconds=0.01, patience_seconds=0.02)


@pytest.fixture
def stub() -> Iterator[StubFritz]:
    with StubFritz(limited=False) as server:
        yield furnish(server)


@pytest.fixture
def fritz(stub: StubFritz, tmp_path: Path) -> Fritz:
    return client_of(stub, tmp_path)


def save(stub: StubFritz, *names: str, group: int = GROUP) -> None:
    for name in names:
        body = {"id": name, "ra": 10.0, "dec": 20.0, "group_ids": [group]}
        stub.call("POST", "/api/sources", body)


def test_an_answer_is_its_data(stub, fritz) -> None:
    save(stub, "a")
    assert fritz.get("sources/a")["ra"] == 10.0
    assert fritz.exists("sources/a")
    assert not fritz.exists("sources/b")
    assert fritz.version == "1.4.0"


def test_refusals_say_why_and_are_not_repeated(stub, fritz) -> None:
    with pytest.raises(NotFoundError, match="sources/b, Source not found"):
        fritz.get("sources/b")
    with pytest.raises(RefusedError, match="Invalid page number value"):
        fritz.get("sources", pageNumber="x")
    assert len(stub.requests) == 2


def test_a_refusal_that_was_cut_on_the_way_is_asked_for_again(stub, fritz) -> None:
    stub.faults.next(Fault("half"))
    with pytest.raises(NotFoundError, match="sources/b, Source not found"):
        fritz.get("sources/b")
    assert len(stub.requests) == 2


@pytest.mark.parametrize("fault", EVERY_KIND, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_reading_outlasts_every_fault(stub, fritz, fault) -> None:
    save(stub, "a")
    stub.faults.next(fault, fault)
    assert fritz.get("sources/a")["id"] == "a"
    assert len(stub.requests) == 3


def test_the_limit_of_the_server_is_kept_and_survived(tmp_path) -> None:
    # a burst of ten, as the proxy has it, and then next to nothing until one was refused
    with StubFritz(scale=0.001) as stub:
        fast = client_of(stub, tmp_path / "fast", requests_per_second=1e4)
        asking = threading.Thread(target=lambda: [fast.get("groups") for _ in range(12)])
        asking.start()
        while not stub.limit_hits:
            assert asking.is_alive()
            time.sleep(0.01)
        # from now on five a second, four times as fast
        stub.scale = 4.0
        asking.join()
        hits = stub.limit_hits
        time.sleep(0.6)
        kept = client_of(stub, tmp_path / "kept", requests_per_second=16.0)
        threads = [threading.Thread(target=kept.get, args=("groups",)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stub.limit_hits == hits


@pytest.mark.parametrize("fault", EVERY_KIND, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_a_post_that_may_have_landed_is_looked_for_before_it_is_sent_again(
    stub, fritz, fault
) -> None:
    save(stub, "a")
    stub.faults.next(fault, of="POST /api/sources/a/comments")

    def landed():
        found = fritz.get("sources/a/comments")
        return found[0] if found else None

    fritz.post("sources/a/comments", {"text": "hello", "group_ids": [GROUP]}, landed=landed)
    assert len(stub.call("GET", "/api/sources/a/comments")) == 1


def test_a_post_that_lands_after_the_proxy_gave_up_is_not_sent_again(stub, tmp_path) -> None:
    save(stub, "a")
    fritz = client_of(stub, tmp_path, settle_seconds=1.0)
    stub.faults.next(Fault("late", 504, 0.06), of="POST")

    def landed():
        found = fritz.get("sources/a/comments")
        return found[0] if found else None

    fritz.post("sources/a/comments", {"text": "hello"}, landed=landed)
    time.sleep(0.1)
    assert len(stub.call("GET", "/api/sources/a/comments")) == 1


def test_a_server_that_went_down_is_waited_for(tmp_path) -> None:
    with StubFritz(limited=False, scale=100.0) as stub:
        furnish(stub)
        fritz = client_of(stub, tmp_path)
        stub.faults.next(Fault("down", 504))
        # done, then away for 20 s / 100: GET 503, POST 405 in HTML
        body = {"id": "a", "ra": 1.0, "dec": 2.0, "group_ids": [GROUP]}
        fritz.post("sources", body, landed=None)
        assert fritz.exists("sources/a")
        assert len(stub.requests) > 3


def test_what_is_gone_by_our_own_request_is_gone(stub, fritz) -> None:
    save(stub, "a")
    note = {"origin": "x", "data": {"k": 1}}
    number = stub.call("POST", "/api/sources/a/annotations", note)["annotation_id"]
    stub.faults.next(Fault("done", 504), of="DELETE")
    fritz.delete(f"sources/a/annotations/{number}")
    assert stub.call("GET", "/api/sources/a/annotations") == []
    with pytest.raises(RefusedError):
        fritz.delete(f"sources/a/annotations/{number}")


def test_a_list_is_read_until_all_its_items_came(stub, fritz) -> None:
    save(stub, *(f"s{k:03d}" for k in range(23)))
    first = list(fritz.pages("sources", "sources", size=5, group_ids=[GROUP]))
    assert [len(part) for part in first] == [5, 5, 5, 5, 3]
    # newest first: one that is saved between two pages moves all others on
    pages = fritz.pages("sources", "sources", size=5, group_ids=[GROUP])
    found = [item["id"] for item in next(pages)]
    save(stub, "new")
    found += [item["id"] for part in pages for item in part]
    assert len(found) == len(set(found)) == 24


def test_a_list_that_stays_incomplete_is_an_error(stub, fritz, monkeypatch) -> None:
    save(stub, "a", "b")
    real = fritz.get

    def one_too_many(path, **parameters):
        return {**real(path, **parameters), "totalMatches": 3}

    monkeypatch.setattr(fritz, "get", one_too_many)
    with pytest.raises(ServiceError, match="2 of 3"):
        list(fritz.pages("sources", "sources"))


def test_pages_are_as_large_as_the_server_makes_them(stub, fritz) -> None:
    save(stub, *(f"s{k:04d}" for k in range(510)))
    parts = list(fritz.pages("sources", "sources", size=1000, saveSummary=True))
    assert [len(part) for part in parts] == [500, 10]


def test_groups_are_sent_as_the_server_reads_them(stub, fritz) -> None:
    save(stub, "a")
    save(stub, "b", group=OTHER_GROUP)
    found = fritz.get("sources", group_ids=[GROUP, OTHER_GROUP])
    assert found["totalMatches"] == 2
    # a repeated parameter would count once
    assert "group_ids=4%2C5" in stub.requests[-1][1]


@pytest.mark.parametrize("status", [403, 404, 413])
def test_pages_that_will_not_change_are_told_at_once(stub, fritz, status) -> None:
    stub.faults.next(Fault("page", status))
    with pytest.raises(ServiceError, match=f"HTTP status {status}, a page"):
        fritz.put("photometry", {"mjd": []})
    assert len(stub.requests) == 1


def test_a_refusal_of_a_gateway_in_front_of_fritz_is_told_at_once(stub, fritz) -> None:
    for number, ask in enumerate((fritz.get, fritz.exists), start=1):
        stub.faults.next(Fault("gateway", 403))
        with pytest.raises(ServiceError, match="HTTP status 403"):
            ask("sources/a")
        assert len(stub.requests) == number


def test_numbers_that_are_none_do_not_leave(stub, fritz) -> None:
    with pytest.raises(ServiceError, match="finite numbers"):
        fritz.post("sources/a/annotations", {"data": {"p": float("nan")}}, landed=None)
    assert stub.requests == []


def test_a_dry_run_reads_and_tells_what_it_would_write(stub, tmp_path) -> None:
    save(stub, "a")
    fritz = client_of(stub, tmp_path, dry_run=True)
    told: list[tuple] = []
    fritz._report = lambda *request: told.append(request)
    assert fritz.get("sources/a")["id"] == "a"
    assert fritz.post("sources", {"id": "b"}, landed=None) == {}
    assert told == [("POST", "/api/sources", {"id": "b"})]
    assert stub.written() == []


def test_a_wrong_token_is_told_at_once_and_never_shown(stub, tmp_path, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    fritz = client_of(stub, tmp_path, token="secret-token")
    with pytest.raises(AccessError, match="does not accept our token") as error:
        fritz.get("groups")
    assert "secret-token" not in str(error.value)
    stub.stop()
    impatient = client_of(stub, tmp_path, token="secret-token\n", retry=IMPATIENT)
    with pytest.raises(ServiceError) as error:
        impatient.get("groups")
    assert "secret-token" not in str(error.value) + caplog.text + repr(fritz)


def test_a_missing_right_names_the_profile(stub, tmp_path) -> None:
    save(stub, "a")
    fritz = client_of(stub, tmp_path, stub.add_user("reader", acls=[], groups=(GROUP,)))
    with pytest.raises(AccessError, match="permissions"):
        fritz.post("sources/a/comments", {"text": "x"}, landed=None)


def test_a_netrc_does_not_replace_the_token(stub, tmp_path, monkeypatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login x password y\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert client_of(stub, tmp_path).get("groups")["user_groups"]


def test_a_silent_server_is_given_up(stub, tmp_path) -> None:
    stub.faults.at_random(1.0, (Fault("hang", seconds=0.3),))
    fritz = client_of(stub, tmp_path, timeout_seconds=0.05, retry=IMPATIENT)
    with pytest.raises(ServiceError, match=r"fritz\.patience_seconds"):
        fritz.get("groups")


def test_transport_is_injected(tmp_path) -> None:
    class Transport(requests.adapters.BaseAdapter):
        def send(self, request, **settings):
            self.request, self.settings = request, settings
            answer = requests.Response()
            answer.status_code, answer.request = 200, request
            answer._content = b'{"status": "success", "data": [1], "version": "9"}'
            return answer

        def close(self) -> None:
            pass

    transport = Transport()
    limiter = RateLimiter(tmp_path / "f", 1000.0)
    fritz = Fritz(FritzOptions(), Credentials(token="t"), transport=transport, limiter=limiter)
    assert fritz.get("groups", name="a b") == [1]
    assert transport.request.url == "https://fritz.science/api/groups?name=a+b"
    assert transport.request.headers["Authorization"] == "token t"
    assert transport.settings["timeout"] == (10.0, 90.0)


def test_without_a_token_the_variable_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRITZ_INSTANCE_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="FRITZ_INSTANCE_TOKEN"):
        Fritz(FritzOptions())
