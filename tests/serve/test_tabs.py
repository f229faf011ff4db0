"""The tabs beside the search: what each does for somebody who uses it, and what it says when its part is not served."""

import re
from dataclasses import replace

import pytest
from browser import serving
from smallest import FirstWord, LetterModel

from medenc.search.index import Index
from medenc.serve.keys import add_key, read_keys
from medenc.serve.served import Served
from medenc.text.analyzer import Analyzer

NOTE = "호흡곤란 환자, amlodipine 5mg 복용 중. furosemide 40mg 투여. 👩‍⚕️ warfarin 중단."


def ask(page, tab, **fields):
    """Fill the fields of a tab and press its button."""
    page.go(tab)
    for field, text in fields.items():
        page.type(f"#{field.replace('_', '-')}", text)
    page.click(f"#{tab}-form button.main")


def choose(page, selector, value):
    page.run(f"document.querySelector('{selector}').value = '{value}'")
    page.run(f"document.querySelector('{selector}').dispatchEvent(new Event('change', {{bubbles: true}}))")
    page.settle()


# Ask


def test_an_answer_of_the_index_stands_in_its_passage(page, index, passages):
    ask(page, "ask", question="can a 심부전 patient take naproxen")
    found = index.ask("can a 심부전 patient take naproxen").answers
    assert page.texts(".answered .said") == [answer.text for answer in found]
    assert page.texts(".answered mark") == [answer.text for answer in found]
    assert page.texts(".answered .source") == [passages[answer.id].title for answer in found]
    assert page.run("location.hash").startswith("#ask?q=can+a")
    page.click(".answered .source")
    assert page.texts("#tab-document mark") == [found[0].text]


def test_no_answer_is_said_first(page):
    ask(page, "ask", question="Who won the football match in Busan last night?")
    (said,) = page.texts("#tab-ask .none")
    assert re.fullmatch(r"No answer \(probability \d+ %\)", said)
    assert page.run("document.querySelector('#tab-ask .results').firstChild.className") == "none"


def test_an_answer_of_a_pasted_text_is_marked_in_it(page, served):
    text = "👩‍⚕️ Amoxicillin treats otitis media. Ear drops soothe."
    with serving(replace(served, readers={"first": FirstWord(), "second": FirstWord()})) as address:
        page.open(f"{address}/#ask")
        page.click("#ask-where input[value=pasted] + span")
        assert page.texts("#ask-reader option") == ["first", "second"]
        ask(page, "ask", question="What treats otitis media?", ask_text=text)
        assert page.texts(".said") == ["👩‍⚕️"]
        assert page.texts("#tab-ask .results > .whole") == [text]
        assert page.texts("#tab-ask .results > .whole mark") == ["👩‍⚕️"]
        ask(page, "ask", question="What treats otitis media?", ask_text="nothing of this")
        assert page.texts("#tab-ask .none") == ["No answer (probability 90 %)"]


def test_without_a_reader_no_text_is_read(page):
    page.go("ask")
    page.click("#ask-where input[value=pasted] + span")
    assert page.texts("#tab-ask .unserved code") == ["medenc serve INDEX --model NAME=READER"]


# Compare


def test_texts_are_compared_in_a_table_and_a_picture(page):
    page.go("compare")
    page.type("#compare-query", "abba")
    for place, text in enumerate(["cccc", "abab", "aabc"], 1):
        page.type(f"#compare-texts li:nth-child({place}) textarea", text)
    page.click("#compare-form button.main")
    rows = page.run("[...document.querySelectorAll('#tab-compare tbody tr')].map((e) => e.innerText.split('\\t'))")
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("2", "abab", "1.000"),
        ("3", "aabc", "0.866"),
        ("1", "cccc", "0.000"),
    ]
    places = page.run("[...document.querySelectorAll('.dot')].map((e) => Number(e.getAttribute('cx')))")
    assert places == sorted(places, reverse=True)
    assert page.texts(".dot-name") == ["2", "3", "1"]
    assert page.texts("#tab-compare .status") == ["cosine · 16 tokens read"]


def test_texts_can_be_added_and_removed(page):
    page.go("compare")
    page.click("#compare-add")
    labels = "[...document.querySelectorAll('#compare-texts textarea')].map((e) => e.ariaLabel)"
    assert page.run(labels) == ["Text 1", "Text 2", "Text 3", "Text 4"]
    page.type("#compare-texts li:nth-child(2) textarea", "gone")
    page.click("#compare-texts li:nth-child(2) button")
    assert page.run(labels) == ["Text 1", "Text 2", "Text 3"]
    assert page.run("[...document.querySelectorAll('#compare-texts textarea')].every((e) => e.value === '')")
    page.click("#compare-form button.main")
    assert page.texts("#tab-compare .status") == ["Fill in this text and at least one to compare it with."]


# Terms


def test_a_mention_is_shown_with_the_names_of_its_concept(page, served):
    ask(page, "terms", mentions="심부전\nHTN")
    assert page.texts(".mention") == ["심부전", "HTN"]
    for place, mention in enumerate(["심부전", "HTN"], 1):
        (best,) = served.dictionary.link([mention], top=1)[0].candidates
        for name in served.dictionary.names_of(best):
            row = f".links > li:nth-child({place}) > .concept .names > div:has(.{name['language']}) li"
            assert name["term"] in page.texts(row)
    assert page.texts(".links > li > .concept .found") == ["심부전", "HTN"]
    assert page.texts(".links > li > .concept .how") == ["same name", "same name"]


def test_a_mention_without_a_concept(page):
    ask(page, "terms", mentions="☂")
    assert page.texts("#tab-terms .none") == ["No concept found."]


# Read


def test_entities_are_marked_in_the_note(page):
    page.go("read")
    choose(page, "#read-model", "words")
    ask(page, "read", read_text=NOTE)
    assert page.texts("#tab-read h2") == ["5 entities"]
    marked = page.run("[...document.querySelectorAll('.entity')].map((e) => e.innerText)")
    assert marked == [
        "amlodipinedrug 5mgdose",
        "amlodipinedrug",
        "furosemidedrug 40mgdose",
        "furosemidedrug",
        "warfarindrug",
    ]
    assert page.texts("#tab-read .legend li") == ["dose", "drug"]
    assert page.check("plain(document.querySelector('#tab-read .whole'))") == NOTE


def test_relations_are_a_table(page):
    page.go("read")
    choose(page, "#read-model", "links")
    ask(page, "read", read_text=NOTE)
    cells = page.texts("#tab-read td")
    assert cells[:3] == ["amlodipine", "treats", "호흡곤란"]
    assert len(cells) == 9


def test_classes_come_with_their_probabilities(page):
    page.go("read")
    choose(page, "#read-model", "kinds")
    ask(page, "read", read_text=NOTE)
    assert page.texts("#tab-read .classes li") == ["drug100 %", "none0 %"]
    assert page.texts("#tab-read .chosen .class") == ["drug"]


def test_a_question_is_answered_from_the_note(page):
    page.go("read")
    choose(page, "#read-model", "spans")
    ask(page, "read", read_text=NOTE, read_question="무슨 약?")
    assert page.texts("#tab-read .said") == ["amlodipine"]
    choose(page, "#read-model", "words")
    assert page.run("document.getElementById('read-text').value") == NOTE, "another model reads the same note"


# Map


def test_the_map_shows_every_document_and_opens_it(page, index):
    page.go("map?by=genre")
    documents = len(index)
    assert page.run("document.getElementById('map-picture').ariaLabel").startswith(f"Map of {documents} documents.")
    genres = {"leaflet", "guideline", "note", "explanation"}
    assert genres <= set(page.texts("#map-legend li"))
    assert page.check("inks(document.getElementById('map-picture'))") >= len(genres)
    (first, *_), found = page.texts("#map-near a"), page.run("document.querySelector('#map-near a').hash")
    page.click("#map-near a")
    assert page.texts("#document-title") == [first]
    assert page.run("location.hash") == found


def test_the_map_moves_by_keys_pointer_and_wheel(page):
    page.go("map")
    near = page.texts("#map-near a")
    page.run("document.getElementById('map-picture').focus()")
    for _ in range(6):
        page.press("ArrowRight")
    page.press("+", "+")
    assert page.texts("#map-near a") != near
    page.press("0", "0")
    assert page.texts("#map-near a") == near
    left, top, width, height = page.check("box('#map-picture')")
    x0, y0 = left + width / 2, top + height / 2
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x0 + 150, y=y0, deltaX=0, deltaY=-900)
    page.wait(f"[...document.querySelectorAll('#map-near a')].map((e) => e.textContent).join() !== {','.join(near)!r}")
    page.click("#tab-map .zoom button:last-child")
    for kind, x in (("mousePressed", 0), ("mouseMoved", 200), ("mouseReleased", 200)):
        page.call("Input.dispatchMouseEvent", type=kind, x=x0 + x, y=y0, button="left", buttons=1, clickCount=1)
    assert page.texts("#map-near a") != near
    assert page.run("location.hash") == "#map", "a drag opens nothing"


def test_a_point_says_its_name_and_opens_its_document(page):
    page.go("map")
    page.run("document.getElementById('map-picture').scrollIntoView()")
    left, top, width, height = page.check("box('#map-picture')")
    data = page.run("fetch('/v1/map').then((r) => r.json())")
    unit = 0.46 * min(width, height)
    far = max(range(len(data["ids"])), key=lambda i: data["x"][i])
    place = {"x": left + width / 2 + data["x"][far] * unit, "y": top + height / 2 - data["y"][far] * unit}
    page.call("Input.dispatchMouseEvent", type="mouseMoved", **place)
    assert page.texts("#map-tip:not([hidden])") == [data["titles"][far]]
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, **place, button="left", buttons=1, clickCount=1)
    page.settle()
    assert page.texts("#document-title") == [data["titles"][far]]


# Numbers


def test_reports_and_manifests_are_shown(page):
    page.go("numbers")
    assert page.texts(".artifact .role") == ["Evaluation", "Index"]
    rows = page.run("[...document.querySelectorAll('.artifact:first-of-type .wide')][0].innerText")
    assert "0.700 to 0.800" in rows
    assert page.texts(".best .value") == ["0.750", "1.000"]
    assert page.texts(".clear td") == ["nDCG@10", "+0.250", "< 0.001"]
    assert page.texts("#tab-numbers .hint") == ["96 queries of test, with 95 % intervals"]


# What is not there


@pytest.fixture(scope="module")
def lexical_index(passages, tmp_path_factory):
    index = Index.create(tmp_path_factory.mktemp("lexical") / "index", Analyzer())
    index.add(list(passages.values())[:5])
    return index


def test_what_is_not_served_says_so_and_how_to_serve_it(page, lexical_index):
    with serving(Served(lexical_index)) as address:
        page.open(address + "/")
        said = {}
        for tab in ("compare", "terms", "read", "map", "numbers"):
            page.go(tab)
            (line,), (command,) = page.texts(f"#tab-{tab} .unserved span"), page.texts(f"#tab-{tab} .unserved code")
            said[tab] = line, command
        page.go("search")
        page.search("warfarin")
        assert page.run("[...document.querySelectorAll('#modes input')].map((e) => e.disabled)") == [
            True,
            False,
            True,
            True,
        ]
    assert said["terms"] == ("No dictionary is served here. To serve one:", "medenc serve INDEX --terms DICTIONARY")
    assert said["map"][1].startswith("medenc index")
    assert len(set(said.values())) == 5
    with serving(Served(models={"letters": LetterModel()})) as address:
        page.open(address + "/")
        assert page.texts("#tab-search .unserved code") == ["medenc serve INDEX"]
        page.go("ask")
        assert page.run("document.querySelector('[name=ask-where]:checked').value") == "pasted"


def test_a_server_with_keys_asks_for_one(page, served, tmp_path):
    key = add_key(tmp_path / "keys.json", "ward", "read")
    with serving(replace(served, keys=read_keys(tmp_path / "keys.json"))) as address:
        page.open(address + "/")
        assert page.run("document.activeElement.id") == "key"
        page.call("Input.insertText", text="medenc-wrong")
        page.press("Enter", "\r")
        page.settle()
        assert not page.run("document.getElementById('key-form').hidden")
        page.type("#key", key)
        page.press("Enter", "\r")
        page.settle()
        page.search("warfarin")
        assert page.texts("#hits .title")
        assert page.run("Object.keys(localStorage).concat(Object.keys(sessionStorage))") in ([], ["language"])
