"""How fast is a search through the server, for one client and for sixteen at once?

    python benchmarks/serve.py INDEX --queries FILE.jsonl[.gz] [--seconds 10] [--json]

Starts `medenc serve INDEX` in a process of its own and asks it over HTTP from this one; a client waits for each answer
before it asks again. What the server keeps under too much is measured by `pytest tests/serve/test_load.py -m slow -s`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from medenc.data.reading import Rejects, lines

SAID = "medenc answers at"
HEAD = b"POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


@contextmanager
def server(index: Path):
    """The address's port of a running server."""
    command = [Path(sys.executable).with_name("medenc"), "serve", str(index), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    said = process.stderr.readline()
    if SAID not in said:
        raise SystemExit(said + process.stderr.read())
    try:
        yield int(said.rpartition(":")[2].split()[0])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


class Client:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self.port, self.streams = port, None

    async def search(self, query: str) -> int:
        """The status of one search."""
        body = json.dumps({"query": query}).encode()
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write(HEAD % len(body) + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(answer.split("content-length: ")[1].split("\r\n")[0]))
        return int(answer.split()[1])


async def in_turns(port: int, queries: list[str], clients: int, seconds: float) -> dict[str, float]:
    """Clients that each wait for an answer before they ask again."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def ask(own: random.Random) -> None:
        client = Client(port)
        while time.perf_counter() < end:
            began = time.perf_counter()
            status = await client.search(own.choice(queries))
            assert status == 200, status
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(ask(random.Random(seed)) for seed in range(clients)))
    rate = len(times) / (time.perf_counter() - began)
    return {"clients": clients, "searches_per_second": rate, **quantiles(times)}


def quantiles(times: list[float]) -> dict[str, float]:
    """Milliseconds."""
    ordered = sorted(times)
    return {f"p{share}_ms": 1000 * ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 99)}


async def measured(port: int, queries: list[str], seconds: float) -> dict[str, dict[str, float]]:
    await in_turns(port, queries, 4, 3)  # warm
    one = await in_turns(port, queries, 1, seconds)
    return {"one client": one, "sixteen clients": await in_turns(port, queries, 16, seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--queries", type=Path, required=True, help="JSON lines with a field `text`")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    queries = [json.loads(line)["text"] for _, line in lines(options.queries, Rejects())]
    with server(options.index) as port:
        found = asyncio.run(measured(port, queries, options.seconds))
    one, many = found.values()
    found["ratio"] = {"throughput": many["searches_per_second"] / one["searches_per_second"]}
    if options.json:
        print(json.dumps(found))
        return
    for name, numbers in found.items():
        print(name, {k: round(v, 2) if isinstance(v, float) else v for k, v in numbers.items()})


if __name__ == "__main__":
    main()
