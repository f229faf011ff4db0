"""Connections: slow, silent, endless and half-closed ones, and clients that leave."""

import asyncio
import contextlib
import json
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest
from live import Client, Live, Tally, metric, percentile

from medenc.serve import limits

HEAD = b"POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
SEARCH = {"query": "warfarin"}


@pytest.fixture(scope="module")
def server():
    with Live(limits_={"HEADER_SECONDS": 1.0, "BODY_SECONDS": 1.5, "READ_SECONDS": 1.0}) as server:
        yield server


def ended(connection, seconds):
    """Whether the server ends a connection within some time."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize(
    "sent", [b"", b"G", b"GET /livez HTTP/1.1\r\n", b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx: "]
)
def test_headers_have_a_deadline(server, sent):
    """Seen to fail with uvicorn's own protocol, which waits for ever."""
    with server.socket(sent) as connection:
        assert ended(connection, 8)


def test_a_drip_of_header_bytes_does_not_move_the_deadline(server):
    """Seen to fail when every byte began the time again."""
    with server.socket(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx: ") as connection:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 4:
                connection.sendall(b"a")
                time.sleep(0.1)
        assert time.monotonic() - began < 2.5


def test_headers_of_a_second_request_have_a_deadline_too(server):
    """Seen to fail when only a new connection had one."""
    with server.socket(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n") as connection:
        assert b"200 OK" in connection.recv(65_536)
        connection.sendall(b"GET /livez HTT")
        assert ended(connection, 8)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out chain.pem"
    subprocess.run(request.split(), cwd=folder, check=True, capture_output=True)
    return {"certificate": str(folder / "chain.pem"), "certificate_key": str(folder / "key.pem")}


def test_the_beginning_of_tls_has_a_deadline(certificate):
    """Seen to fail with asyncio's own bound, which is a minute."""
    with Live(place=certificate, limits_={"HEADER_SECONDS": 1.0}) as server:
        silent = [server.socket(), server.socket(b"\x16\x03\x01\x02\x00")]
        context = ssl.create_default_context(cafile=certificate["certificate"])
        with context.wrap_socket(server.socket(), server_hostname="localhost") as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert b"200 OK" in connection.recv(65_536)
        assert all(ended(one, 8) for one in silent)


def test_a_slow_body_is_told_so(server):
    with server.socket(HEAD + b"content-length: 99\r\n\r\n{") as slow:
        began = time.monotonic()
        answer = slow.makefile("rb").read()
        assert b"408" in answer.splitlines()[0]
        assert b"slow_body" in answer
        assert time.monotonic() - began < 3


def test_a_client_that_takes_nothing_of_its_answer_is_cut_off(server):
    """Seen to fail without the timer on writing."""
    body = json.dumps({"model": "letters", "input": ["a"] * 32}).encode()
    request = HEAD.replace(b"search", b"embeddings") + b"content-length: %d\r\n\r\n" % len(body) + body
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with lazy:
        lazy.connect(("127.0.0.1", server.port))
        lazy.settimeout(5)
        with contextlib.suppress(ConnectionError):
            while True:  # requests in a row, until their answers stop the server from reading more
                lazy.sendall(request)  # a TimeoutError says that nobody cut us off


@pytest.mark.parametrize(("over", "status"), [(-1, b"200"), (0, b"200"), (1, b"431")])
@pytest.mark.parametrize("pieces", [1, 7])
def test_the_bound_of_the_headers_is_exact(server, over, status, pieces):
    """Seen to fail without the count of complete headers: h11 looks only at those that came in pieces."""
    start, end = b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-pad: ", b"\r\n\r\n"
    request = start + b"a" * (limits.LONGEST_HEADERS_BYTES + over - len(start) - len(end)) + end
    with server.socket() as connection:
        size = -(-len(request) // pieces)
        for at in range(0, len(request), size):
            connection.sendall(request[at : at + size])
            time.sleep(0.01)
        answer = connection.makefile("rb").read()
    assert answer.split()[1] == status
    if over > 0:
        assert b"headers_too_long" in answer
        assert b"content-security-policy" in answer.lower()


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00", b"HELO\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"\x00" * 100]
)
def test_what_is_not_http_is_refused_in_our_form(server, sent):
    answer = server.exchange(sent)
    assert answer.split()[1] == b"400"
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "not_http"


def test_an_endless_header_costs_no_memory(server):
    before = server.resident_mib
    endless = server.socket(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx-pad: ")
    with endless, pytest.raises(ConnectionError):
        [endless.sendall(b"a" * 65_536) for _ in range(1024)]
    assert server.resident_mib - before < 8


def test_an_endless_body_is_cut_and_costs_no_memory(server):
    """1 GiB in chunks; seen to fail when the body was read before its length was looked at."""
    before, sent = server.resident_mib, 0
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    endless = server.socket(HEAD + b"transfer-encoding: chunked\r\n\r\n")
    with endless, contextlib.suppress(ConnectionError):
        while sent < 2**30:
            endless.sendall(chunk)
            sent += len(chunk)
    assert sent <= 8 * 2**20
    assert server.resident_mib - before < 16


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_bodies_in_small_chunks_are_read(server, chunk):
    body = json.dumps(SEARCH).encode()
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    answer = server.exchange(HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n" + coded)
    assert answer.split()[1] == b"200"


AMBIGUOUS = [
    b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
    b"content-length: 5\r\ncontent-length: 6\r\n",
    b"content-length: -1\r\n",
    b"content-length: 5, 6\r\n",
    b"transfer-encoding: gzip\r\n",
    b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
    b"content-length : 5\r\n",
]


@pytest.mark.parametrize("headers", AMBIGUOUS)
def test_a_body_of_doubtful_length_is_refused(server, headers):
    """Where two programs read two lengths, the rest of one request becomes another one."""
    answer = server.exchange(HEAD + headers + b"connection: close\r\n\r\n0\r\n\r\n{}")
    assert answer.split()[1] in (b"400", b"501")
    assert answer.count(b"HTTP/1.1") == 1


def test_an_answer_waits_for_no_acknowledgement(server):
    """Seen to fail with a listener whose protocol was not named: its connections sent each body 40 ms late."""

    async def asked():
        client, tally = Client(server.port), Tally()
        for _ in range(20):
            await tally.count(client.ask("POST", "/v1/search", SEARCH))
        return tally.seconds[200]

    assert min(asyncio.run(asked())[1:]) < 0.035


def test_who_leaves_gives_the_place_back():
    """Seen to fail when only a deadline ended the wait of a request."""

    async def leave(server):
        client = Client(server.port)
        asked = [asyncio.ensure_future(client.ask("POST", "/v1/search", SEARCH, keep=False)) for _ in range(100)]
        await asyncio.sleep(0.5)
        waiting = metric((await client.ask("GET", "/metrics"))[2].decode(), "medenc_queue", unit="texts")
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.sleep(1)
        text = (await client.ask("GET", "/metrics"))[2].decode()
        return waiting, metric(text, "medenc_queue", unit="texts"), metric(text, "medenc_requests_total", status=499)

    with Live(cost=0.1) as server:
        before, after, counted = asyncio.run(leave(server))
    assert before > 80
    assert after <= limits.BATCH_TEXTS  # what is being computed is finished
    assert counted > 80


def test_a_request_that_waits_too_long_is_told_so():
    with Live(cost=0.6, limits_={"ANSWER_SECONDS": 0.3}) as server:
        status, headers, body = asyncio.run(Client(server.port).ask("POST", "/v1/search", SEARCH))
    assert status == 503
    assert int(headers["retry-after"]) > 0
    assert json.loads(body)["error"]["code"] == "too_slow"


def crowd(server, silent, slow, seconds):
    """Times of a normal client beside silent connections and slow bodies, and how many of these are left at the end."""

    async def run():
        connections = [server.socket(b"GET /livez HTTP/1.1\r\nhost: loc") for _ in range(silent)]
        bodies = [server.socket(HEAD + b"content-length: 9999\r\n\r\n") for _ in range(slow)]
        client, tally, end = Client(server.port), Tally(), time.monotonic() + seconds
        while time.monotonic() < end:
            await tally.count(client.ask("POST", "/v1/search", SEARCH, keep=tally.total % 2 == 0))
            for body in bodies:
                with contextlib.suppress(ConnectionError):
                    body.send(b" ")
            await asyncio.sleep(0.1)
        return tally, [one for one in (*connections, *bodies) if not ended(one, 0.05)]

    return asyncio.run(run())


def test_a_crowd_of_slow_clients_blocks_nobody():
    """200 half-open connections and 50 slow bodies, deadlines of 2 and 3 s.

    Seen to fail with uvicorn's `limit_concurrency` of 128 (503 for everybody) and without deadlines (none ended).
    """
    with Live(limits_={"HEADER_SECONDS": 2.0, "BODY_SECONDS": 3.0}) as server:
        tally, left = crowd(server, 200, 50, seconds=5)
    assert set(tally.statuses) == {200}
    assert percentile(tally.seconds[200], 0.99) <= 0.5
    assert left == []


@pytest.mark.slow
def test_a_crowd_of_slow_clients_blocks_nobody_with_the_real_deadlines():
    with Live() as server:
        tally, left = crowd(server, 200, 50, seconds=limits.BODY_SECONDS + 2)
    print(f"{tally.total} requests, p99 {1000 * percentile(tally.seconds[200], 0.99):.0f} ms, {len(left)} left")
    assert set(tally.statuses) == {200}
    assert percentile(tally.seconds[200], 0.99) <= 0.5
    assert left == []


def test_the_longest_silent_make_room():
    """Seen to fail when the newest connection was refused."""
    with Live(limits_={"MOST_SILENT": 8, "SILENT_SECONDS": 0.2}) as server:
        silent = [server.socket(b"G") for _ in range(10)]
        time.sleep(0.3)
        silent += [server.socket(b"G") for _ in range(10)]
        assert asyncio.run(Client(server.port).ask("GET", "/livez"))[0] == 200
        assert [ended(one, 0.2) for one in silent[:10]] == [True] * 10
        assert [ended(one, 0.05) for one in silent[-5:]] == [False] * 5


def test_a_burst_that_has_asked_makes_no_room():
    """Seen to fail without the time that a silent connection has: who came while the server was busy was cut off."""
    with Live(limits_={"MOST_SILENT": 8}) as server:
        server.send(signal.SIGSTOP)
        burst = [server.socket(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n") for _ in range(60)]
        server.send(signal.SIGCONT)
        assert all(b"200 OK" in one.recv(65_536) for one in burst)
