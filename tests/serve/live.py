"""A live server and plain clients of it, for tests of what happens on the wire."""

import asyncio
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from medenc.serve.errors import POLICY

HERE = Path(__file__).parent


class Live:
    """`live_server.py` with options; `with Live(cost=0.01) as server: …`."""

    def __init__(self, command=None, environment=None, **options):
        command = command or [sys.executable, str(HERE / "live_server.py"), json.dumps(options)]
        self.process = subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"} | (environment or {}),
        )
        said = self.process.stderr.readline()
        assert "medenc answers at" in said, said + self.process.stderr.read()
        self.port = int(said.rpartition(":")[2].split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def send(self, number):
        os.kill(self.process.pid, number)

    def stop(self, number=signal.SIGTERM, seconds=30):
        """Exit code, and all that was written."""
        self.send(number)
        out, error = self.process.communicate(timeout=seconds)
        return self.process.returncode, out + error

    def socket(self, sent=b""):
        """A connection that has sent some bytes."""
        connection = socket.create_connection(("127.0.0.1", self.port), 10)
        connection.sendall(sent)
        return connection

    def exchange(self, sent):
        """All that comes back for some bytes, until the server closes."""
        with self.socket(sent) as connection, connection.makefile("rb") as file:
            return file.read()

    @property
    def resident_mib(self):
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


class Client:
    """Asks over kept connections; an answer is (status, headers, body)."""

    def __init__(self, port, **headers):
        self._port, self._idle = port, []
        self._headers = {"host": "localhost", "content-type": "application/json", **headers}

    async def ask(self, method, path, body=None, *, keep=True):
        content = b"" if body is None else json.dumps(body).encode()
        self._idle = [
            (reader, writer) for reader, writer in self._idle if not reader.at_eof()
        ]  # the rest was idle long
        reader, writer = self._idle.pop() if keep and self._idle else await self._connection()
        headers = self._headers | {"content-length": str(len(content))} | ({} if keep else {"connection": "close"})
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        reusable = False
        try:
            writer.write("\r\n".join(lines).encode() + content)
            status, got, answer = await self._answer(reader)
            reusable = keep and got.get("connection") != "close"
            return status, got, answer
        finally:
            if reusable:
                self._idle.append((reader, writer))
            else:
                writer.close()

    def close(self):
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _connection(self):
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _answer(self, reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        assert headers["content-security-policy"] == POLICY
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, body


class Tally:
    """What a client saw: statuses, times, whatever went wrong."""

    def __init__(self):
        self.statuses, self.seconds, self.answers = Counter(), {}, []

    async def count(self, asking):
        """Await one request and note how it went."""
        began = time.perf_counter()
        try:
            answer = await asking
        except (OSError, asyncio.IncompleteReadError) as error:
            self.statuses[type(error).__name__] += 1
            return
        self.statuses[answer[0]] += 1
        self.seconds.setdefault(answer[0], []).append(time.perf_counter() - began)
        self.answers.append(answer)

    @property
    def total(self):
        return sum(self.statuses.values())


async def at_rate(rate, seconds, begin, until=None):
    """Call `begin(number)` so many times a second, whether the earlier ones have ended or not, and await all.

    The event `until` ends it early.
    """
    start, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        tasks.append(asyncio.ensure_future(begin(number)))
        if until is not None and until.is_set():
            break
    await asyncio.gather(*tasks)


def percentile(values, share):
    """A value that at most `1 - share` of the values exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def metric(text, name, **labels):
    """The sum of a metric's samples with these labels."""
    found = 0.0
    for sample, given, value in re.findall(rf"^({name})(\{{.*\}})? (\S+)$", text, re.MULTILINE):
        if all(f'{label}="{wanted}"' in given for label, wanted in labels.items()):
            found += float(value) if sample else 0
    return found
