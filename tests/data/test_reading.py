import gzip
import json
import stat
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.data import reading
from medenc.data.readers.passages import Passages
from medenc.data.reading import RecordError, Rejects, json_object, lines

CANARY = "홍길동 800101"


def text_of(path, encoding="utf-8", rejects=None):
    return list(lines(path, rejects or Rejects(max_ratio=0), encoding))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_marks_and_gzip_change_nothing(tmp_path, end, bom, pack, last):
    path = tmp_path / "any-name"
    rows = ["가나", "", "two\u2028still two\x0b\x85", "三"]
    path.write_bytes(pack(bom + (end.join(rows) + (end if last else "")).encode()))
    assert text_of(path) == list(enumerate(rows, start=1))


@given(st.binary(max_size=80), st.integers(1, 9), st.integers(1, 30))
def test_lines_are_those_of_split_whatever_the_block_and_long_ones_are_dropped_whole(content, block, limit):
    chunks = [content[i : i + block] for i in range(0, len(content), block)]
    rows = content.split(b"\n")
    expected = [(i, r) for i, r in enumerate(rows, 1) if r or i < len(rows)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "MAX_LINE_BYTES", limit)
        found = list(reading._split(chunks))
    assert [n for n, _ in found] == [n for n, _ in expected]
    for (_, raw), (_, row) in zip(found, expected, strict=True):
        assert raw == row.removesuffix(b"\r") if raw is not None else len(row) > limit
        assert raw is not None or len(row) > limit
        assert raw is None or len(row) <= limit + block


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        ("C1||고혈압\nC2||당뇨병", "cp949", "cp949"),
        ("환자는 두통과 어지러움을 호소하였다. 혈압 150/90", "euc-kr", "cp949"),
        ("高血压患者应该如何选择降压药物？请问医生，我可以吃党参吗", "gb18030", "gb18030"),
        ("C1||糖尿病", "gbk", "gb18030"),
        ("C1||고혈압", "utf-16", "utf-16"),
        ("C1||hypertension", "utf-16-le", "utf-16-le"),
        ("C1||hypertension", "utf-16-be", "utf-16-be"),
    ],
)
def test_other_encodings_are_named_with_place_and_remedy_and_read_when_told(tmp_path, text, encoding, named):
    path = tmp_path / "x.txt"
    path.write_bytes(f"plain first line\n{text}".encode(encoding))
    place = f"{path}:1" if encoding.startswith("utf-16") else f"{path}:2"
    with pytest.raises(MedencError) as error:
        text_of(path)
    assert str(error.value).startswith(f"{place}: the bytes look like {named}")
    assert f"encoding='{named}'" in str(error.value)
    assert [t for _, t in text_of(path, named)] == f"plain first line\n{text}".split("\n")


@pytest.mark.parametrize("text", ["TGF-β", "5 µg", "naïve"])
def test_single_wide_letters_in_english_are_not_taken_for_chinese(tmp_path, text):
    path = tmp_path / "x.txt"
    path.write_text(text, encoding="utf-8")
    assert text_of(path) == [(1, text)]


def test_utf8_declared_as_another_encoding_is_refused_instead_of_garbled(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("code\nC1\t고혈압과 당뇨병", encoding="utf-8")
    for encoding in ("cp949", "gb18030"):
        with pytest.raises(MedencError, match=r"x\.txt:2: the bytes look like utf-8"):
            text_of(path, encoding)


def test_korean_declared_as_chinese_is_refused_and_the_other_way_round(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("고혈압과 당뇨병".encode("cp949"))
    with pytest.raises(MedencError, match="the bytes look like cp949"):
        text_of(path, "gbk")
    assert text_of(path, "euc-kr") == [(1, "고혈압과 당뇨병")]
    path.write_bytes("高血压的人可以吃什么".encode("gbk"))
    with pytest.raises(MedencError, match="the bytes look like gb18030"):
        text_of(path, "cp949")


def test_one_broken_line_in_a_good_file_is_set_aside_not_taken_for_an_encoding(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("고혈압\n".encode() + "당뇨병\n".encode("cp949") + b"caf\xe9\n" + "끝\n".encode())
    rejects = Rejects(max_ratio=0.5)
    assert text_of(path, rejects=rejects) == [(1, "고혈압"), (4, "끝")]
    assert rejects.examples == [f"{path}:2: not utf-8", f"{path}:3: not utf-8"]


def test_a_line_of_50_megabytes_is_refused_without_being_held(tmp_path):
    path = tmp_path / "x.txt"
    with path.open("wb") as file:
        file.write(b"first\n")
        for _ in range(50):
            file.write(b"x" * 2**20)
        file.write(b"\nlast")
    rejects = Rejects(max_ratio=1)
    tracemalloc.start()
    found = text_of(path, rejects=rejects)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(1, "first"), (3, "last")]
    assert rejects.examples == [f"{path}:2: a line of more than 8,388,608 bytes"]
    assert peak < 30 * 2**20


def test_files_that_cannot_be_read_say_why(tmp_path):
    whole = gzip.compress(b"line\n" * 10_000)
    (tmp_path / "cut.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bad.gz").write_bytes(whole[:-4] + b"\0\0\0\0")
    cases = {
        "missing": "no such file",
        ".": "found a folder",
        "cut.gz": "a damaged gzip file",
        "bad.gz": "a damaged gzip file",
    }
    for name, message in cases.items():
        with pytest.raises(MedencError, match=message) as error:
            text_of(tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name))
    (tmp_path / "x").write_text("x")
    with pytest.raises(MedencError, match="no such encoding: 'utf8000'"):
        text_of(tmp_path / "x", "utf8000")


GOOD = st.builds(lambda n: ("good", {"id": f"p{n}", "text": f"text {n}"}), st.integers(0, 12))
FAULTS = [
    ("blank", None),
    ("bad", "{"),
    ("bad", "[1]"),
    ("bad", '{"id": "x", "text": "y", "metadata": {"age": NaN}}'),
    ("bad", '{"id": "x", "text": "\\ud800"}'),
    ("bad", '{"id": "x", "contents": "y"}'),
    ("bad", '{"id": "x", "text": 3}'),
    ("bad", '{"id": true, "text": "y"}'),
    ("bad", '{"id": " ", "text": "y"}'),
    ("bad", '{"id": "x", "text": " "}'),
    ("bad", '{"id": "x", "text": "y", "metadata": []}'),
    ("bad", '{"id": "p1", "text": "another text"}'),
    ("bad", "[" * 100_000),
    ("bad", '{"id": %s, "text": "y"}' % ("9" * 5000)),
]


@settings(max_examples=500, deadline=None)
@given(rows=st.lists(GOOD | st.sampled_from(FAULTS), max_size=30))
def test_nothing_leaves_in_silence_and_every_fault_is_named_at_its_line(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("c") / "c.jsonl"
    rows = [("good", {"id": "p1", "text": "text 1"}), *rows]
    path.write_text("\n".join(json.dumps(r) if k == "good" else r or "  " for k, r in rows), encoding="utf-8")
    rejects = Rejects(max_ratio=1)
    found = list(Passages().read(path, rejects))
    good = [r["id"] for k, r in rows if k == "good"]
    assert [p.id for p in found] == list(dict.fromkeys(good))
    account = rejects.report()
    bad_lines = [n for n, (k, _) in enumerate(rows, 1) if k == "bad"]
    assert account["kept"] == len(set(good))
    assert account["duplicates"] == len(good) - len(set(good))
    assert account["bad"] == len(bad_lines)
    assert account["read"] == sum(k != "blank" for k, _ in rows)
    assert [int(e.split(":")[1]) for e in account["examples"]] == bad_lines[: len(account["examples"])]


@pytest.mark.parametrize(("bad", "stops"), [(1, False), (2, True)])
def test_past_one_per_cent_the_reading_stops_with_the_first_fault(tmp_path, bad, stops):
    path = tmp_path / "c.jsonl"
    rows = [json.dumps({"id": i, "text": "t"}) for i in range(100 - bad)]
    path.write_text("\n".join([*rows, *["{"] * bad]))
    rejects = Rejects()
    assert len(list(Passages().read(path, rejects))) == 100 - bad
    if not stops:
        rejects.finish()
        return
    with pytest.raises(MedencError, match=r"c\.jsonl:99: not JSON: .*; 2 of 100 records are bad, allowed are 1\.0%"):
        rejects.finish()


def test_text_of_a_bad_record_goes_to_the_quarantine_alone(tmp_path, capfd):
    path, aside = tmp_path / "c.jsonl", tmp_path / "aside.jsonl"
    aside.write_text("of an earlier run")
    faults = [f'{{"{CANARY}": 1}}', f'{{"id": "{CANARY}"}}', f'["{CANARY}"]', f'{{"id": 1, "text": "{CANARY}', CANARY]
    path.write_text("\n".join(faults), encoding="utf-8")
    rejects = Rejects(quarantine=aside)
    assert not list(Passages().read(path, rejects))
    with pytest.raises(MedencError) as error:
        rejects.finish()
    assert CANARY not in str(error.value) + json.dumps(rejects.report(), ensure_ascii=False) + str(capfd.readouterr())
    assert [json.loads(row)["record"] for row in aside.read_text(encoding="utf-8").splitlines()] == faults
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600


def test_the_fields_found_are_named_when_one_is_missing():
    with pytest.raises(RecordError, match="no 'text', found: _id, contents"):
        reading.text_field(json_object('{"_id": 1, "contents": "x"}'), "text")
