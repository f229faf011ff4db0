"""Listening: this machine only, bounded headers, slow bodies cut off, silent logs, a calm end."""

import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from medenc.core.errors import MedencError
from medenc.serve.run import Place, PlacesOnly, address, listen

SERVER = """
import time
from medenc.search.answer import Answer
from medenc.serve import limits
from medenc.serve.app import create_app
from medenc.serve.run import Place, serve
from medenc.serve.served import Served
limits.BODY_SECONDS = limits.GRACE_SECONDS = 0.5

class Index:
    def search_batch(self, queries, **options):
        if queries == ["slow"]:
            time.sleep(0.7)
        if queries[0].startswith("broken"):
            raise ValueError(queries[0])
        return [Answer(query, "lexical", [], {}) for query in queries]

serve(create_app(Served(Index())), Place(port=0))
"""


HEAD = "POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


class Server:
    def __init__(self):
        command = [sys.executable, "-c", SERVER]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stderr.readline().rpartition(":")[2].split()[0])

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def post(self, body, path="/v1/search"):
        connection = self.connection()
        connection.request("POST", path, body, {"content-type": "application/json"})
        return connection.getresponse()

    def stop(self, number=signal.SIGTERM):
        os.kill(self.process.pid, number)
        out, error = self.process.communicate(timeout=15)
        return self.process.returncode, out + error


@pytest.fixture
def server():
    server = Server()
    yield server
    if server.process.poll() is None:
        server.process.kill()
    server.process.communicate()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_others_need_a_key_and_a_safe_way(host):
    with pytest.raises(MedencError, match="need a key"):
        Place(host).check(keys=False)
    with pytest.raises(MedencError, match="could be read on the way"):
        Place(host).check(keys=True)
    Place(host, behind_proxy=True).check(keys=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_this_machine_needs_no_key_unless_a_proxy_lets_others_in(host):
    Place(host).check(keys=False)
    with pytest.raises(MedencError, match="need a key"):
        Place(host, behind_proxy=True).check(keys=False)


def test_a_taken_port_is_one_clear_line():
    with listen("127.0.0.1", 0) as taken, pytest.raises(MedencError, match="cannot listen: Address already in use"):
        listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(MedencError, match="between 0 and 65535"):
        listen("127.0.0.1", 65_536)


def test_addresses():
    with listen("localhost", 0) as listener:
        assert address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_log_names_places_and_no_values():
    try:
        int("HONG GILDONG")
    except ValueError:
        record = logging.LogRecord("uvicorn", logging.ERROR, __file__, 1, "failed", None, sys.exc_info())
    line = PlacesOnly().format(record)
    assert "ValueError" in line
    assert "test_run.py" in line
    assert "invalid literal" not in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_the_end(server, number):
    connection = server.connection()
    connection.request("POST", "/v1/search", b'{"query": "slow"}', {"content-type": "application/json"})
    time.sleep(0.3)
    os.kill(server.process.pid, number)
    assert connection.getresponse().status == 200
    server.process.wait(10)
    assert server.process.returncode == 0


def test_nothing_sent_appears_in_what_the_server_writes(server):
    assert server.post(b'{"query": "broken HONG-CANARY"}').status == 500
    assert server.post(b'{"HONG-CANARY": NaN}').status == 400
    connection = server.connection()
    connection.request("GET", "/livez?patient=HONG-CANARY")
    assert connection.getresponse().status == 200
    code, written = server.stop()
    assert code == 0
    assert "ValueError" in written  # the failure is there to be mended
    assert "HONG-CANARY" not in written


def test_a_slow_body_is_cut_off(server):
    with socket.create_connection(("127.0.0.1", server.port), 5) as slow:
        slow.sendall(f"{HEAD}content-length: 99\r\n\r\n{{".encode())
        answer = slow.makefile("rb").read()
        assert b"408" in answer.splitlines()[0]
        assert b"slow_body" in answer


def test_endless_headers_are_refused(server):
    with socket.create_connection(("127.0.0.1", server.port), 5) as endless:
        endless.sendall(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx-pad: ")
        with pytest.raises(OSError, match=r"reset|Broken pipe"):  # noqa: PT012 (it may break at any of these)
            for _ in range(64):
                endless.sendall(b"a" * 16_384)
                time.sleep(0.01)
            raise OSError("reset: nothing more to send") if not endless.recv(1) else AssertionError("it was read")


def test_an_announced_giant_is_refused_unread(server):
    with socket.create_connection(("127.0.0.1", server.port), 5) as giant:
        giant.sendall(f"{HEAD}content-length: {1 << 40}\r\n\r\n".encode())
        assert b"413" in giant.recv(4096).splitlines()[0]
