"""The page in a real browser: what a person sees, presses and must never be shown."""

import json
import threading

import pytest
import uvicorn
from browser import CHROMIUM, Browser
from conftest import HOSTILE

from medenc.serve.app import create_app
from medenc.serve.run import address, listen
from medenc.serve.served import Served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


@pytest.fixture(scope="module")
def server(index):
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(Served(index)), log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield address(listener)
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(chromium, server):
    chromium.size(1200, 900)
    chromium.open(server + "/")
    chromium.run("localStorage.clear()")
    chromium.open(server + "/")
    chromium.wait("document.getElementById('facts').textContent !== ''")
    chromium.run("document.querySelector('input[value=lexical]').click()")
    chromium.events.clear()
    return chromium


def text_of(page, selector):
    return page.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")


def focused(page):
    return page.run("document.activeElement.id || document.activeElement.className")


def test_hits_show_their_marks_and_parts(page):
    page.run("document.querySelector('input[value=hybrid]').click()")
    page.search("warfarin INR")
    assert text_of(page, ".rank") == [str(rank) for rank in range(1, 11)]
    assert {"warfarin", "INR"} <= set(text_of(page, "mark"))
    for part in ("lexical", "dense"):
        widths = page.run(f"[...document.querySelectorAll('.{part} .track i')].map((e) => parseFloat(e.style.width))")
        numbers = [float(number) for number in text_of(page, f".{part} .number")]
        assert widths == [pytest.approx(100 * number / max(numbers), abs=0.5) for number in numbers]


def test_a_part_that_was_not_asked_is_a_dash(page):
    page.search("warfarin INR")
    assert set(text_of(page, ".dense .number")) == {"–"}


def test_a_mark_behind_an_emoji_is_where_the_server_means_it(page):
    page.search("needle")
    assert set(text_of(page, "mark")) == {"needle"}


def test_hostile_text_stays_text(page):
    page.search("needle")
    assert sorted(text_of(page, ".title")) == sorted(HOSTILE)
    tags = page.run("[...new Set([...document.querySelectorAll('#hits *')].map((e) => e.tagName))].sort()")
    assert tags == sorted(["LI", "DIV", "SPAN", "BUTTON", "H2", "P", "DL", "DT", "DD", "MARK", "I"])
    for text in HOSTILE:
        assert f"id {text}" in text_of(page, "dd")
        assert any(text in shown for shown in text_of(page, ".text"))
    page.search("<script>alert(1)</script>")
    assert page.run("document.scripts.length") == 1


def test_the_browser_has_nothing_to_complain_of_and_asks_nobody_else(page, server):
    page.open(server + "/")
    page.search("warfarin needle")
    loud = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening")
    assert [event for event in page.events if event["method"] in loud] == []
    asked = {e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"}
    assert f"{server}/v1/search" in asked
    assert all(url.startswith(f"{server}/") for url in asked)
    assert not any("warfarin" in url for url in asked)


def test_keys_lead_through_the_page(page):
    page.search("warfarin")
    page.press("ArrowDown")
    assert focused(page) == "title"
    page.press("Enter", "\r")
    opened = "document.querySelectorAll('.title')[0].getAttribute('aria-expanded')"
    assert page.run(opened) == "true"
    assert "id" in text_of(page, "li:first-child dt")
    page.press("ArrowDown")
    page.press("ArrowUp")
    page.press("ArrowUp")
    assert focused(page) == "query"
    page.press("ArrowDown")
    page.press("/", "/")
    assert focused(page) == "query"
    assert page.run("document.getElementById('query').value") == "warfarin"


def test_an_open_hit_shows_its_whole_text(page, passages):
    page.search("warfarin")
    page.press("ArrowDown")
    page.press("Enter", "\r")
    whole = passages[text_of(page, "li:first-child dd")[0]].text
    assert text_of(page, "li:first-child .text") == [whole]


def test_the_query_wears_the_colours_of_its_scripts(page):
    page.search("warfarin 먹는 心")
    runs = page.run("[...document.querySelectorAll('#mirror span')].map((e) => [e.className, e.textContent])")
    assert runs == [["latin", "warfarin"], ["other", " "], ["hangul", "먹는"], ["other", " "], ["han", "心"]]


def test_an_answer_names_its_source(page, passages):
    page.search("warfarin 복용 환자가 청국장을 먹어도 되나요?")
    page.wait("!document.getElementById('answer').hidden")
    (answer,) = text_of(page, "#answer-body p:first-child")
    (source,) = text_of(page, ".source")
    assert any(answer in passage.text and source == passage.title for passage in passages.values())


def test_nothing_found_is_said(page):
    page.search("qqqq")
    assert page.run("!document.getElementById('nothing').hidden")
    assert text_of(page, "#status")[0].startswith("0 hits · ")


def test_the_page_speaks_three_languages_and_remembers(page, server):
    page.search("warfarin")
    page.run("document.querySelector('input[value=ko]').click()")
    assert text_of(page, "button[type=submit]") == ["검색"]
    assert text_of(page, "#status")[0].startswith("3건 · ")
    page.open(server + "/")
    assert page.run("document.documentElement.lang") == "ko"


def test_chinese_breaks_between_any_characters_on_a_korean_page(page):
    page.run("document.querySelector('input[value=ko]').click()")
    page.search("华法林")
    assert page.run("getComputedStyle(document.querySelector('.text:lang(zh)')).wordBreak") == "normal"


def test_light_and_dark(page):
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.run(colour)
    page.run("document.getElementById('theme').click()")
    dark = page.run(colour)
    page.run("document.getElementById('theme').click()")
    assert page.run(colour) == light != dark


def test_a_phone_needs_no_sideways_scrolling(page):
    page.size(360, 740, phone=True)
    page.search("warfarin needle")
    wide = "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > 360)"
    assert page.run(f"{wide}.filter((e) => !e.closest('#mirror')).map((e) => e.id || e.className || e.tagName)") == []
    assert page.run("document.documentElement.scrollWidth") <= 360


def test_examples_can_be_pressed(page):
    page.run("document.querySelector('#examples button').click()")
    page.wait("document.querySelectorAll('#hits li').length > 0")


def test_errors_are_shown(page):
    page.run("document.getElementById('query').maxLength = 99999")
    page.search("가" * 2_001)
    page.wait("!document.getElementById('problem').hidden")
    assert "String should have at most 2000 characters" in text_of(page, "#problem")[0]
    page.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    page.search("warfarin")
    page.wait("document.getElementById('problem').textContent.includes('cannot be reached')")
    page.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
