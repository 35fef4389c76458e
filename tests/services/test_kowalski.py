"""The client of Kowalski against a stub of it: real penquins, real sockets, real faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from scope.errors import AccessError, ConfigError, NotFoundError, ServiceError
from scope.services.credentials import Credentials
from scope.services.kowalski import MAX_REQUEST_BYTES, Kowalski, KowalskiOptions
from scope.services.kowalski_host import KowalskiHost, KowalskiInstance
from scope.services.kowalski_queries import cone_query, find_query
from scope.services.retry import RetryPolicy, ask_patiently
from tests.services.kowalski_stub import Fault, StubKowalski
from tests.services.kowalski_stub.faults import EVERY_KIND

QUICK = RetryPolicy(first_wait_seconds=0.01, longest_wait_seconds=0.05, patience_seconds=60.0)
IMPATIENT = RetryPolicy(first_wait_seconds=0.01, longest_wait_seconds=0.01, patience_seconds=0.05)

FIRST = 10**13
DOCUMENTS = [{"_id": FIRST + 3 * k, "n": k % 7, "name": f"star {k}"} for k in range(100)]

Client = Callable[..., Kowalski]


@pytest.fixture
def stub() -> Iterator[StubKowalski]:
    with StubKowalski({"stars": DOCUMENTS}) as server:
        yield server


def host_of(server: StubKowalski, name: str = "gloria") -> KowalskiHost:
    return KowalskiHost(name, "127.0.0.1", server.port, "http")


def instance_of(server: StubKowalski, name: str = "gloria", **options) -> KowalskiInstance:
    return KowalskiInstance(host_of(server, name), Credentials(token=server.token()), **options)


def client_of(
    *servers: StubKowalski,
    retry: RetryPolicy = QUICK,
    timeout_seconds: float = 20.0,
    queries: int = 1,
) -> Kowalski:
    names = ["gloria", "melman", "kowalski"]
    instances = [
        instance_of(server, name, timeout_seconds=timeout_seconds, connections=queries)
        for server, name in zip(servers, names, strict=False)
    ]
    options = KowalskiOptions((), timeout_seconds, retry, queries)
    return Kowalski(options, instances)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits before asking again fails the test."""

    def refuse(seconds: float) -> None:
        raise AssertionError(f"waited {seconds} s")

    monkeypatch.setitem(ask_patiently.__kwdefaults__, "sleep", refuse)


def ids(number: int) -> dict:
    return find_query("stars", {"_id": {"$in": [one["_id"] for one in DOCUMENTS[:number]]}}, {})


def test_nothing_is_asked_before_it_is_needed(stub) -> None:
    client = client_of(stub)
    time.sleep(0.05)
    assert stub.queries() == []
    assert client.count("stars", {"n": 3}) == 14
    assert [one["query_type"] for one in stub.queries()] == ["info", "count_documents"]


def test_a_query_returns_its_data(stub) -> None:
    found = client_of(stub).find("stars", {"n": 3}, {"_id": 1})
    assert sorted(one["_id"] for one in found) == [FIRST + 3 * k for k in range(3, 100, 7)]
    assert client_of(stub).query(
        {"query_type": "find_one", "query": {"catalog": "stars", "filter": {"n": 9}}}
    ) is None  # fmt: skip


@pytest.mark.parametrize("fault", EVERY_KIND, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_a_fault_of_the_server_costs_one_more_request(stub, fault) -> None:
    client = client_of(stub)
    client.count("stars", {})
    before = len(stub.queries())
    stub.faults.next(fault)
    assert client.count("stars", {}) == 100
    assert len(stub.queries()) == before + 2


@pytest.mark.parametrize("fault", EVERY_KIND, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_a_fault_while_we_connect_is_no_different(stub, fault) -> None:
    stub.faults.next(fault, fault)
    assert client_of(stub).count("stars", {}) == 100


def test_many_faults_lose_nothing_and_answers_keep_their_order(stub) -> None:
    stub.faults.at_random(0.3)
    client = client_of(stub, queries=4)
    answers = list(client.map(ids(number) for number in range(60)))
    assert [len(answer) for answer in answers] == list(range(60))
    assert stub.faults.injected.total() > 10


def test_no_more_queries_are_under_way_than_allowed_however_many_threads_ask(stub) -> None:
    client = client_of(stub, queries=3)
    stub.faults.next(*[Fault("delay", seconds=0.05)] * 40)
    threads = [threading.Thread(target=lambda: list(client.map([ids(1)] * 6))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stub.queries("find")) == 24
    assert 2 <= stub.most_under_way <= 3


def test_answers_before_a_query_that_is_refused_are_not_lost(stub) -> None:
    bad = find_query("stars", {"$foo": 1}, {})
    answers = client_of(stub, queries=2).map([ids(5), ids(6), bad, ids(7)])
    assert [len(next(answers)), len(next(answers))] == [5, 6]
    with pytest.raises(ServiceError, match=r"\(gloria\) refuses a query: .*operator: \$foo"):
        next(answers)


def test_a_query_that_is_refused_is_not_repeated(stub) -> None:
    client = client_of(stub)
    with pytest.raises(ServiceError, match="refuses"):
        client.find("stars", {"$foo": 1}, {})
    assert len(stub.queries("find")) == 1


def test_a_server_that_is_gone_for_a_while_is_waited_for(stub) -> None:
    client = client_of(stub)
    assert client.count("stars", {}) == 100
    stub.stop()
    threading.Timer(0.5, stub.start).start()
    began = time.monotonic()
    assert client.count("stars", {}) == 100
    assert time.monotonic() - began > 0.4


def test_a_server_that_stays_away_is_given_up_with_a_reason(stub) -> None:
    client = client_of(stub, retry=IMPATIENT)
    stub.stop()
    with pytest.raises(ServiceError, match=r"no usable answer in .*gloria: connection refused"):
        client.count("stars", {})


def test_a_server_that_falls_silent_is_asked_again(stub) -> None:
    client = client_of(stub, timeout_seconds=1.0)
    client.count("stars", {})
    before = len(stub.queries())
    stub.faults.next(Fault("hang", seconds=4.0))
    assert client.count("stars", {}) == 100
    assert len(stub.queries()) >= before + 2


def test_what_takes_the_server_too_long_is_asked_few_times(stub) -> None:
    client = client_of(stub)
    client.count("stars", {})
    stub.faults.next(*[Fault("slow")] * 9)
    with pytest.raises(ServiceError, match=r"in 3 attempts .*takes the server too long"):
        client.find("stars", {}, {})
    assert len(stub.queries("find")) == 3


def test_the_server_is_told_to_give_up_before_we_do(stub) -> None:
    client = client_of(stub, timeout_seconds=20.0)
    client.find("stars", {}, {})
    client.query({**find_query("stars", {}, {}), "kwargs": {"max_time_ms": 5000}})
    assert [one["kwargs"]["max_time_ms"] for one in stub.queries("find")] == [18_000, 5000]


@pytest.mark.parametrize("queries", [1, 3])
def test_a_wrong_token_is_said_at_once(stub, queries, caplog, no_waiting) -> None:
    credentials = Credentials(token="eyJ.wrong.token", origin="GLORIA_INSTANCE_TOKEN")
    client = Kowalski(
        KowalskiOptions((), queries=queries), [KowalskiInstance(host_of(stub), credentials)]
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(AccessError) as caught:
        list(client.map([ids(3), ids(4)]))
    assert str(caught.value) == (
        "Kowalski (gloria) does not accept our credentials: 'token is invalid'; "
        "check GLORIA_INSTANCE_TOKEN"
    )
    assert "eyJ.wrong.token" not in caplog.text


def test_a_wrong_password_is_said_at_once(stub) -> None:
    credentials = Credentials(username="joe", password="no", origin="private.yaml")
    instance = KowalskiInstance(host_of(stub), credentials)
    with pytest.raises(AccessError, match=r"credentials: 'Unauthorized'; check private\.yaml"):
        instance.collections()


def test_a_user_name_and_a_password_will_do(stub) -> None:
    credentials = Credentials(username="joe", password="joe-secret")
    assert KowalskiInstance(host_of(stub), credentials).collections() == {"stars"}


def test_a_token_that_cannot_be_sent_is_not_shown(stub) -> None:
    credentials = Credentials(token="eyJ\nsecret", origin="private.yaml")
    with pytest.raises(ServiceError, match="cannot be sent") as caught:
        KowalskiInstance(host_of(stub), credentials).collections()
    assert "secret" not in str(caught.value)


def test_an_answer_with_a_token_that_breaks_off_is_not_shown(stub) -> None:
    instance = instance_of(stub)
    error = instance._no_json('{"status": "success", "token": "eyJ.half')
    assert "eyJ" not in str(error)


def test_hosts_without_credentials_are_not_used(stub, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLORIA_INSTANCE_TOKEN", stub.token())
    nowhere = KowalskiHost("melman", "127.0.0.1", 1, "http")
    client = Kowalski(KowalskiOptions((nowhere, host_of(stub)), retry=QUICK))
    assert client.count("stars", {}) == 100
    monkeypatch.delenv("GLORIA_INSTANCE_TOKEN")
    with pytest.raises(ConfigError, match=r"GLORIA_INSTANCE_TOKEN.*private\.yaml"):
        Kowalski(KowalskiOptions((nowhere, host_of(stub))))


def test_pages_are_complete_and_in_order_of_id(stub) -> None:
    pages = list(client_of(stub).pages("stars", {}, {}, ids=(FIRST, FIRST + 10**6), rows=17))
    assert [len(page) for page in pages] == [17] * 5 + [15]
    found = [one["_id"] for page in pages for one in page]
    assert found == [one["_id"] for one in DOCUMENTS]


def test_a_page_that_comes_short_is_no_end(stub) -> None:
    client = client_of(stub)
    find = client.find
    client.find = lambda *args, **kw: find(*args, **{**kw, "limit": 7})  # type: ignore[method-assign]
    pages = client.pages("stars", {}, {}, ids=(FIRST, FIRST + 10**6), rows=1000)
    assert sum(map(len, pages)) == 100


def test_documents_that_the_server_counts_but_does_not_return_are_noticed(stub) -> None:
    pages = client_of(stub).pages("stars", {}, {}, ids=(FIRST + 30, FIRST + 10**6), rows=40)
    with pytest.raises(ServiceError, match=r"incomplete list .*90 of 100 documents"):
        list(pages)


def test_each_collection_is_asked_for_where_it_is() -> None:
    with StubKowalski({"a": DOCUMENTS[:3]}) as one, StubKowalski({"b": DOCUMENTS[:5]}) as two:
        client = client_of(one, two)
        assert (client.count("a", {}), client.count("b", {})) == (3, 5)
        assert client.count("a", {}) == 3
        with pytest.raises(NotFoundError, match=r"on gloria, melman: 'c'; allowed: a, b"):
            client.count("c", {})


def test_a_collection_that_came_after_we_connected_is_found(stub) -> None:
    from tests.services.kowalski_stub.database import Collection

    client = client_of(stub)
    client.count("stars", {})
    stub.database.collections["new"] = Collection(DOCUMENTS[:4])
    assert client.count("new", {}) == 4


def test_where_two_servers_have_it_both_work_and_one_that_fails_is_left_alone() -> None:
    with StubKowalski({"a": DOCUMENTS}) as one, StubKowalski({"a": DOCUMENTS}) as two:
        client = client_of(one, two, queries=2)
        one.faults.next(None, *[Fault("delay", seconds=0.05)] * 20)
        two.faults.next(None, *[Fault("delay", seconds=0.05)] * 20)
        query = find_query("a", {}, {"_id": 1})
        list(client.map([query] * 8))
        assert min(len(one.queries("find")), len(two.queries("find"))) >= 1
        one.stop()
        assert all(len(answer) == 100 for answer in client.map([query] * 8))


def test_a_server_that_is_down_does_not_hold_up_another_one(no_waiting) -> None:
    with StubKowalski({"a": DOCUMENTS}) as one, StubKowalski({"a": DOCUMENTS}) as two:
        one.stop()
        assert client_of(one, two).count("a", {}) == 100


def test_a_request_that_the_server_would_not_take_is_not_sent(stub) -> None:
    client = client_of(stub)
    many = [10**14 + k for k in range(70_000)]
    with pytest.raises(ServiceError, match=f"at most {MAX_REQUEST_BYTES}"):
        client.find("stars", {"_id": {"$in": many}}, {})
    assert stub.queries() == []


def test_positions_are_asked_for_under_names_that_come_back() -> None:
    place = {"radec_geojson": {"type": "Point", "coordinates": [-170.0, 20.0]}}
    with StubKowalski({"stars": [{"_id": 1, "coordinates": place}]}) as server:
        query = cone_query("stars", {"0": (10.0, 20.0), "1": (11.0, 20.0)}, 2.0, {"_id": 1})
        assert client_of(server).query(query) == {"stars": {"0": [{"_id": 1}], "1": []}}


def test_options_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(ConfigError, match="timeout"):
        KowalskiOptions((), timeout_seconds=0)
    with pytest.raises(ConfigError, match="queries under way"):
        KowalskiOptions((), queries=0)
