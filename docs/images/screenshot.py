"""Take the pictures of the page: `python docs/images/screenshot.py INDEX`; needs Chromium."""

import sys
import tempfile
from pathlib import Path

from medenc.serve.opening import Sources, open_sources

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "serve"))
from browser import Browser, serving  # noqa: E402

QUERY = "metformin 먹는데 eGFR 떨어지면 용량 어떻게 해?"


def main(index: str) -> None:
    """Serve the index and save what the page shows: a search, texts compared, and the map in the dark."""
    served = open_sources(Sources(index=Path(index)))
    with tempfile.TemporaryDirectory() as profile, serving(served) as address, Browser(profile) as browser:
        browser.size(1200, 900)
        browser.open(address)
        browser.search(QUERY)
        browser.click(".why")
        browser.run("document.activeElement.blur(), scrollTo(0, 0)")
        browser.picture(HERE / "search.png")
        browser.go("compare")
        browser.click("#compare-example")
        browser.click("#compare-form .main")
        browser.run("document.activeElement.blur(), scrollTo(0, 160)")
        browser.picture(HERE / "compare.png")
        browser.size(1200, 900, dark=True)
        browser.go("map?by=language")
        browser.picture(HERE / "map.png")


if __name__ == "__main__":
    main(sys.argv[1])
