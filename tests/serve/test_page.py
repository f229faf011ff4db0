"""The page: nothing from outside, nothing read as markup, and the same counting of characters as the server's."""

import json
import random
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from medenc.serve.app import STATIC

SOURCES = {path.name: path.read_text("utf-8") for path in STATIC.iterdir()}
SCRIPTS = [name for name in SOURCES if name.endswith(".js")]


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_asks_for_nothing_from_outside():
    for name, source in SOURCES.items():
        assert set(re.findall(r"https?://[^\s\"')]*", source)) <= {"http://www.w3.org/2000/svg"}, name
        assert "@import" not in source
        assert "url(" not in source


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_writes_markup_or_runs_text(name):
    banned = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|srcdoc|setHTML"
    assert not re.search(banned, SOURCES[name])


def test_the_page_keeps_its_own_policy():
    for tag, attributes in Tags(SOURCES["index.html"]).found:
        assert tag != "style"
        assert tag != "script" or attributes["src"].startswith("/static/")
        assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_every_control_has_a_name():
    named = ("data-say", "data-label", "aria-label")
    for tag, attributes in Tags(SOURCES["index.html"]).found:
        if tag == "button" or (tag == "input" and attributes.get("type") != "radio"):
            assert any(name in attributes for name in named), attributes


LANGUAGES = ("ko", "zh", "en")
ENTRY = re.compile(r'^  (\w+): "(.*)",$', re.MULTILINE)
WORDS = {language: dict(ENTRY.findall(SOURCES[f"words_{language}.js"])) for language in LANGUAGES}


def test_the_three_languages_say_the_same_things():
    english = WORDS["en"]
    assert len(english) > 130
    for language, words in WORDS.items():
        written = re.findall(r"^ +\S+:", SOURCES[f"words_{language}.js"], re.MULTILINE)
        assert len(written) == len(words), "an entry that is not one line"
        assert list(words) == list(english)
        for key, text in words.items():
            assert text.strip()
            values = set(re.findall(r"\{(\w+)\}", text))
            assert values == set(re.findall(r"\{(\w+)\}", english[key])), (language, key)


def test_each_language_is_itself():
    for language, script in (("ko", "[가-힣]"), ("zh", "[一-鿿]")):
        bare = {key for key, text in WORDS[language].items() if not re.search(script, text)}
        assert bare <= {"numbers_p", "numbers_interval"}
    assert not [text for text in WORDS["en"].values() if re.search("[가-힣一-鿿]", text)]


def test_whatever_the_page_says_is_in_the_table_and_the_other_way_round():
    tags = Tags(SOURCES["index.html"]).found
    spoken = {a[key] for _, a in tags for key in ("data-say", "data-label", "data-hint") if key in a}
    scripts = "\n".join(SOURCES[name] for name in SCRIPTS if not name.startswith("words"))
    known = set(WORDS["en"])
    assert spoken <= known
    named = {key for key in known if re.search(rf'"{key}"', scripts)}
    made = {key for prefix in re.findall(r"`(\w+_)\$\{", scripts) for key in known if key.startswith(prefix)}
    plural = {f"{key}_one" for key in known}
    assert known - spoken - named - made - plural == set(LANGUAGES) - named - spoken
    keys = set(re.findall(r'(?:say|label|hint): \[?"(\w+)"', scripts)) | set(re.findall(r'say\("(\w+)"', scripts))
    assert keys <= known


def test_one_module_alone_makes_elements():
    making = re.compile(r"createElement|createElementNS|\.setAttribute\(name")
    assert [name for name in SCRIPTS if making.search(SOURCES[name])] == ["dom.js"]
    attributes = {own for name in SCRIPTS for own in re.findall(r'setAttribute\("([\w-]+)"', SOURCES[name])}
    assert attributes <= {"aria-busy", "aria-current", "aria-expanded", "aria-label", "href", "role"}
    assert re.findall(r'setAttribute\("href", (.+?)\)', "".join(SOURCES.values())) == ["`#${value}`"]


def test_modules_have_one_subject_each():
    for name in SCRIPTS:
        assert SOURCES[name].startswith("//"), f"{name} does not say what it is for"
        assert len(SOURCES[name].splitlines()) < 200


NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs Node to run the page's functions")


def javascript(expression, *arguments):
    """The value of an expression over the functions of text.js; `given` holds the arguments."""
    script = f"import * as text from {json.dumps((STATIC / 'text.js').as_uri())};"
    script += "import { readFileSync } from 'node:fs'; const given = JSON.parse(readFileSync(0, 'utf8'));"
    script += f"console.log(JSON.stringify({expression}));"
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", script], input=json.dumps(arguments), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


LETTERS = [*'aé 가각한中𠜎👩<&>"\n，。\u0301\u200d']


def marked_text(chance):
    text = "".join(chance.choices(LETTERS, k=chance.randrange(60)))
    spans = [sorted(chance.sample(range(len(text) + 1), 2)) for _ in range(chance.randrange(4)) if text]
    return text, spans


def inside(span, spans):
    return any(start <= span[0] < span[1] <= end for start, end in spans)


CASES = [marked_text(random.Random(seed)) for seed in range(500)]


@needs_node
def test_marks_fall_on_the_code_points_that_the_server_means():
    cut = javascript("given.map(([text_, spans]) => text.segments(text_, spans))", *CASES)
    for (text, spans), parts in zip(CASES, cut, strict=True):
        assert "".join(part["text"] for part in parts) == text
        marked = [part["marked"] for part in parts for _ in part["text"]]
        assert marked == [any(start <= place < end for start, end in spans) for place in range(len(text))]


@needs_node
def test_an_excerpt_keeps_the_first_mark():
    cut = javascript("given.map(([text_, spans]) => text.excerpt(text_, spans, 24))", *CASES)
    for (text, spans), part in zip(CASES, cut, strict=True):
        assert part["text"] in text
        assert len(part["text"]) <= 24
        assert part["cutBefore"] or text.startswith(part["text"])
        assert part["cutAfter"] or text.endswith(part["text"])
        offsets = [at for at in range(len(text) + 1) if text.startswith(part["text"], at)]
        moved = [[[start + at, end + at] for start, end in part["spans"]] for at in offsets]
        assert any(all(inside(span, spans) for span in place) for place in moved)
        if spans:
            assert min(spans)[0] in [min(place)[0] for place in moved if place]


@needs_node
def test_the_sentence_around_a_word():
    text = "BNP 1.5 ng. 👩‍⚕️ 호흡곤란이 심했다. 利尿后好转。Done"
    for word, sentence in [
        ("1", "BNP 1.5 ng."),
        ("심", "👩‍⚕️ 호흡곤란이 심했다."),
        ("好", "利尿后好转。"),
        ("Done", "Done"),
    ]:
        start = text.index(word)
        found = javascript("text.sentenceAround(given[0], given[1])", text, [start, start + len(word)])
        assert text[slice(*found)] == sentence


@needs_node
def test_scripts_languages_and_questions():
    runs = javascript("text.scripts('eGFR 30 미만 用药?')")
    expected = [
        ["eGFR", "latin"],
        [" 30 ", "other"],
        ["미만", "hangul"],
        [" ", "other"],
        ["用药", "han"],
        ["?", "other"],
    ]
    assert [[run["text"], run["script"]] for run in runs] == expected
    assert javascript("given.map(text.languageOf)", "CT 촬영 前", "肺炎 CT", "CT") == ["ko", "zh", "en"]
    asked = ["How long?", "얼마나 먹나요", "能不能喝酒吗", "what is DKA"]
    assert all(javascript("given.map(text.isQuestion)", *asked))
    assert not any(javascript("given.map(text.isQuestion)", "warfarin INR", "고혈압 처방", "糖尿病 用药"))
