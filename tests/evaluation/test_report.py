import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from medenc.data.records import Passage, Query
from medenc.data.retrieval import RetrievalData
from medenc.evaluation.plot import Mark, intervals
from medenc.evaluation.report import page
from medenc.evaluation.retrieval import evaluate
from medenc.evaluation.trained import TrainQueries

HOSTILE = ['"><script>alert(1)</script>', "'><img src=x onerror=alert(1)>", "&lt;b&gt; & </table>", "가 < 나"]
CANARY = "홍길동 환자의 질문"


class Reader(HTMLParser):
    """Checks that tags nest, and keeps what a browser would show and load."""

    VOID = {"meta", "line", "circle"}

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def report(name="plain", train=None, **reading):
    queries = [Query(f"q{i}{name}", f"{CANARY} {i}", {"language": name}) for i in range(3)]
    qrels = {query.id: {"p0": 1} for query in queries}
    data = RetrievalData([Passage("p0", CANARY, "t")], queries, qrels, Path(name.replace("/", "_")), reading)
    run = {queries[0].id: [("x", 2.0), ("p0", 1.0)]}
    return page(
        evaluate(
            data, name, lambda *_: run, [name, "other"], ["RR@10", "AP"], train and TrainQueries(train, [name], [name])
        )
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_outside_are_shown_as_they_are_and_never_become_markup(name):
    plain, hostile = Reader(report()), Reader(report(name))
    assert hostile.tags == plain.tags
    assert [key for key, _ in hostile.attributes] == [key for key, _ in plain.attributes]
    assert sum(name in text for text in hostile.text) >= 6


def test_the_page_loads_nothing_and_runs_nothing():
    read = Reader(report())
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(read.tags)
    assert not [key for key, _ in read.attributes if key in ("src", "href", "style") or key.startswith("on")]
    assert "default-src 'none'" in dict(read.attributes)["content"] or "default-src 'none'" in report()
    assert not re.search(r"url\(|@import|https?:", report())


def test_queries_are_named_by_id_and_their_texts_stay_home():
    html = report(train=[Query("t", f"{CANARY} 0")])
    assert CANARY not in html
    text = " ".join(Reader(html).text)
    assert "Of 3 judged queries, 1 stand among the 1 training queries (plain) and 0 nearly so." in text
    assert "Training data that is not there now: plain." in text
    assert "q1plain" in text
    assert "0.500 · 2" in text
    assert "0.000 · –" in text


def test_bad_news_is_printed():
    assert "no leak was looked for" in report()
    assert "could not be used" not in report()
    shown = report(read=10, bad=1, duplicates=2, reasons={"an empty <text>": 1})
    assert "1 could not be used and 2 were copies: an empty &lt;text&gt;" in shown


@pytest.mark.parametrize("name", HOSTILE)
def test_words_in_a_plot_never_become_markup(name):
    read = Reader(intervals(name, [(name, [Mark(0, name, 0.5, 0.4, 0.6)])]))
    assert set(read.tags) == {"svg", "title", "line", "text", "g", "circle"}
    assert dict(read.attributes)["aria-label"] == name
    assert sum(name in text for text in read.text) == 3


def test_marks_lie_where_their_values_are():
    svg = intervals("t", [("a", [Mark(0, "m", 0.5, 0.25, 1.0), Mark(1, "n", 0.0, 0.0, 0.0)])])
    ends = [float(x) for x in re.findall(r'<line x1="([\d.]+)" x2="[\d.]+" y1="\d+" y2="\d+"/>', svg)]
    dots = [float(x) for x in re.findall(r'cx="([\d.]+)"', svg)]
    ticks = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="tick"', svg)]
    zero, one = ticks[0], ticks[-1]
    assert dots == pytest.approx([(zero + one) / 2, zero], abs=0.1)
    assert ends[0] == pytest.approx(zero + (one - zero) / 4, abs=0.1)
    assert "<title>m: 0.500, interval 0.250 to 1.000</title>" in svg
