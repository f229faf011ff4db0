"""Chromium without a window, driven over its pipe: enough to look at the page, press keys and take pictures."""

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from medenc.serve.app import create_app
from medenc.serve.run import address, listen

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--mute-audio"]
SWITCHES += [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
]

CHECKS = Path(__file__).with_name("page_checks.js").read_text("utf-8")


@contextmanager
def serving(served):
    """The address of a server of the page in a thread."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(served), log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield address(listener)
    server.should_exit = True
    thread.join()


class Browser:
    """One tab. Chromium reads commands from its file 3 and answers on its file 4, each message ended by NUL."""

    def __init__(self, folder, language="en"):
        to_chromium, self._write = os.pipe()
        self._read, from_chromium = os.pipe()
        keep = (
            f"exec {to_chromium}<&{to_chromium}"  # the shell below moves both ends to the numbers that Chromium wants
        )
        arguments = [CHROMIUM, *SWITCHES, f"--lang={language}", f"--user-data-dir={folder}"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'{keep}; exec "$@" 3<&{to_chromium} 4>&{from_chromium}', "chromium", *arguments],
            pass_fds=(to_chromium, from_chromium),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"LANGUAGE": language},
        )
        os.close(to_chromium)
        os.close(from_chromium)
        self._count, self._rest, self.events = 0, b"", []
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._write)
        os.close(self._read)
        self._process.terminate()
        self._process.wait(10)

    def call(self, method, **parameters):
        """The result of one command of the DevTools protocol; events that come first are kept."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def _next(self):
        while b"\0" not in self._rest:
            chunk = os.read(self._read, 1 << 16)
            assert chunk, "chromium has gone"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def size(self, width, height, *, phone=False, dark=False):
        scale = 2 if phone else 1
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def open(self, address):
        self.call("Page.navigate", url="about:blank")  # an address that differs behind # alone would not be opened anew
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && document.querySelectorAll('#examples li').length > 0")
        self.settle()

    def run(self, script):
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def check(self, expression):
        """The value of an expression over the functions of page_checks.js."""
        return self.run(f"(() => {{ {CHECKS} return {expression}; }})()")

    def wait(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while not self.run(condition):
            assert time.monotonic() < end, f"never came true: {condition}"
            time.sleep(0.05)

    def press(self, key, text=""):
        codes = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "Tab": 9}
        event = {"key": key, "text": text, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="keyDown", **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, selector, text):
        """Text in place of what a field holds."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.run("document.activeElement.select()")
        self.call("Input.insertText", text=text)

    def click(self, selector):
        """Press an element where it is on the screen, as a mouse does."""
        place = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{place}.scrollIntoView({{block: 'center'}})")
        box = self.run(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({place}.getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)
        self.settle()

    def go(self, place):
        """Another place on the page."""
        self.run(f"location.hash = {json.dumps(place)}")
        self.settle()

    def texts(self, selector):
        """The text of every element that a selector finds."""
        return self.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")

    def settle(self):
        """Wait until no tab is at work."""
        self.run("new Promise((done) => setTimeout(done))")  # a new address is told to the page a turn later
        self.wait("!document.querySelector('[aria-busy]')")

    def search(self, text):
        """Type a query over the one that is there, press Enter and wait for the hits."""
        self.type("#query", text)
        self.press("Enter", "\r")
        self.settle()

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
