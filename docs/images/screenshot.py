"""Take search.png, the picture of the page: `python docs/images/screenshot.py INDEX`; needs Chromium."""

import sys
import tempfile
import threading
from pathlib import Path

import uvicorn

import medenc
from medenc.serve.app import create_app
from medenc.serve.run import address, listen

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "serve"))
from browser import Browser  # noqa: E402

QUERY = "metformin 먹는데 eGFR 떨어지면 용량 어떻게 해?"


def main(index: str) -> None:
    """Serve the index, search, and save what the page shows."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(medenc.open_index(index), {}), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with tempfile.TemporaryDirectory() as profile, Browser(profile) as browser:
        browser.size(1200, 900)
        browser.open(address(listener))
        browser.search(QUERY)
        browser.wait("!document.getElementById('answer').hidden")
        browser.picture(HERE / "search.png")
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
