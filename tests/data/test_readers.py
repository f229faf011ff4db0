from dataclasses import is_dataclass

import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build, find, modules
from medenc.data.reading import Rejects
from medenc.data.records import Name, Passage
from medenc.data.sources import by_concept, dictionary, read_names, read_passages


def read(use, path, content, rejects=None, **options):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(build("reader", {"use": use, **options}, "test").read(path, rejects or Rejects(max_ratio=0)))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "names.txt"


def test_every_reader_says_what_it_gives():
    for name in modules("reader"):
        assert is_dataclass(find("reader", name).gives), name


def test_passages_take_both_ids_titles_alone_and_other_fields_as_metadata(file):
    rows = '{"_id": 7, "title": " T ", "text": ""}\n{"id": "a", "text": "x", "year": 3, "metadata": {"k": 1}}\n'
    found = read("passages", file, rows)
    assert found == [Passage("7", "", "T"), Passage("a", "x", "", {"year": 3, "k": 1})]
    assert [p.content for p in found] == ["T", "x"]
    assert Passage("b", "x", "T").content == "T\nx"


def test_plain_lines_are_named_by_their_place(file):
    assert read("lines", file, "a\r\n\n b ") == [Passage("names.txt:1", "a"), Passage("names.txt:3", "b")]


def test_names_with_and_without_spaces(file):
    expected = [Name("C1", "고혈압 질환", "ko"), Name("D1|D2", "x", "ko")]
    assert read("names", file, "C1 || 고혈압 질환\nD1|D2||x\n", language="ko") == expected


@pytest.mark.parametrize(
    ("use", "line", "reason"),
    [
        ("names", "C1||a||b", "expected 2 columns separated by '||', found 3"),
        ("names", "C1", "expected 2 columns separated by '||', found 1"),
        ("names", "C1|| ", "column 2 is empty"),
        ("names", "||x", "column 1 is empty"),
        ("name_pairs", "C1||a", "expected 3 columns separated by '||', found 2"),
        ("terms", "C1\tko", r"expected 3 columns separated by '\t', found 2"),
        ("terms", "C1\t고혈압\tko", "the second column is no language code"),
        ("terms", "C1\tko\t통풍||발작", "a '||' in a name: it separates names in other formats"),
    ],
)
def test_a_wrong_column_is_a_bad_record_with_its_reason(file, use, line, reason):
    rejects = Rejects()
    assert read(use, file, line, rejects) == []
    assert rejects.reasons == {reason: 1}


def test_mentions_in_context_and_tables_with_a_header(file):
    assert read("names", file, "C1||革龜|| <tgt>革龜</tgt> x", context=True) == [Name("C1", "革龜")]
    assert read("names", file, "id\tname\nD1\tCalcimycin", separator="\t", header=True) == [Name("D1", "Calcimycin")]


def test_pairs_of_names_give_both(file):
    assert read("name_pairs", file, "C1||a||b") == [Name("C1", "a"), Name("C1", "b")]


def test_terms_and_tables_of_translations(file):
    assert read("terms", file, "S1\tko\t고혈압\nS1\ten\tHTN") == [Name("S1", "고혈압", "ko"), Name("S1", "HTN", "en")]
    table = "code\tko\ten\tzh\nA00\t콜레라\t\t霍乱\nA01\t\t\t\n"
    rejects = Rejects()
    assert read("multilingual", file, table, rejects) == [Name("A00", "콜레라", "ko"), Name("A00", "霍乱", "zh")]
    assert rejects.examples == [f"{file}:3: no term in any language"]
    assert read("multilingual", file, "en\tzh\nfever\t发烧", ids=False)[1] == Name("names.txt:2", "发烧", "zh")
    with pytest.raises(MedencError, match=r"names.txt:1: expected a header"):
        read("multilingual", file, "A00\t콜레라\tCholera")


KOSTOM = (
    "CODE\tC2\tENG\tKOR\tCUI\tLOINC\n"
    'K1\tK1\t"Hypertension, NOS"\t고혈압\tC0020538\t\n'
    "K2\tK2\tFever\t발열\t\t123\n"
    "K3\tK3\tNull\t혈당\tC0005802\t\n"
    "K4\tK4\tn/a\t\tC1\t\n"
    "K5\tshort\n"
)


def test_kostom_as_exported(file):
    rejects = Rejects()
    found = read("kostom", file, KOSTOM.encode("cp949"), rejects)
    assert found == [
        Name("C0020538", "hypertension, nos", "en"),
        Name("C0020538", "고혈압", "ko"),
        Name("C0005802", "혈당", "ko"),
    ]
    account = rejects.report()
    assert account["filtered"] == {"no UMLS concept": 1}
    assert account["examples"] == [f"{file}:5: no term", f"{file}:6: expected at least 5 columns, found 2"]
    assert account["read"] == 5
    own = read("kostom", file, KOSTOM.encode("cp949"), Rejects(), own_codes=True, lowercase=False)
    assert Name("K2", "Fever", "en") in own
    assert Name("C0020538", "Hypertension, NOS", "en") in own


OBO = """format-version: 1.2

[Term]
id: DOID:1 ! comment
name: heart attack! acute
synonym: "MI" EXACT []
synonym: "say \\"infarct\\"\\: it" EXACT OMO:1 [X:1]
synonym: "wider" BROAD []
synonym: "heart attack! acute" EXACT []

[Typedef]
id: part_of
name: part of

[Term]
id: DOID:2
name: gone
is_obsolete: true

[Term]
id: DOID:3
"""


def test_obo_terms(file):
    rejects = Rejects()
    names = [n.term for n in read("obo", file, OBO, rejects)]
    assert names == ["heart attack! acute", "MI", 'say "infarct": it']
    assert rejects.report()["filtered"] == {"obsolete": 1}
    assert rejects.examples == [f"{file}:20: a term without id or name"]
    assert "wider" in [n.term for n in read("obo", file, OBO, Rejects(), scopes=["EXACT", "BROAD"])]


def test_glossaries_in_csv(file):
    rows = (
        "stringID,sourceLang,targetLang,pos,description,sourceString,targetString\n"
        '1,en,zh-CN,adj,"quoted, with\na line break",contagious,可传染 : 有传染性\n'
        "2,en\n3,en,ko_KR,,,flu,\n"
    )
    rejects = Rejects()
    id_ = "names.txt:1"
    expected = [Name(id_, "contagious", "en"), Name(id_, "可传染", "zh"), Name(id_, "有传染性", "zh")]
    assert read("glossary", file, rows, rejects) == expected
    assert rejects.examples == [f"{file}:4: expected 7 columns, found 2", f"{file}:5: no id, source or translation"]
    with pytest.raises(MedencError, match="no column 'sourceLang'"):
        read("glossary", file, "a,b\n1,2")


@pytest.mark.parametrize(
    ("content", "use"),
    [
        ("C1||a", "names"),
        ("C1||a||b", "name_pairs"),
        ("S1\tko\t고혈압", "terms"),
        ("code\tko\ten\nA\t가\tb", "multilingual"),
        (OBO, "obo"),
        ("id,sourceLang,targetLang,sourceString,targetString\n1,en,ko,a,가", "glossary"),
    ],
)
def test_a_dictionary_is_told_by_its_first_line(file, content, use):
    file.write_text(content, encoding="utf-8")
    assert dictionary(file) == use
    assert read_names(file, Rejects(max_ratio=1))


def test_a_dictionary_that_is_none_is_refused_with_the_known_formats(file):
    for content in ("just a sentence", ""):
        file.write_text(content)
        with pytest.raises(MedencError, match=r"not a dictionary we know \(id\|\|term"):
            read_names(file)
    file.write_bytes(KOSTOM.encode("cp949"))
    with pytest.raises(MedencError, match="the bytes look like cp949"):
        read_names(file)
    assert len(read_names(file, Rejects(max_ratio=0.5), encoding="cp949")) == 3


def test_names_are_grouped_once_and_a_concept_with_one_name_stays():
    names = [Name("A", "x"), Name("B", "y"), Name("A", "z"), Name("A", "x")]
    assert by_concept(names) == {"A": [Name("A", "x"), Name("A", "z")], "B": [Name("B", "y")]}


def test_what_a_user_gave_is_read_by_the_reader_that_fits(tmp_path):
    beir, folder = tmp_path / "beir", tmp_path / "folder"
    beir.mkdir()
    folder.mkdir()
    (beir / "corpus.jsonl").write_text('{"_id": "a", "text": "x"}')
    (folder / "b.jsonl").write_text('{"_id": "b", "text": "x"}\n{"_id": "a", "text": "x"}')
    (folder / "c.txt").write_text("one\ntwo")
    (folder / ".hidden").write_text("")
    rejects = Rejects()
    found = [p.id for p in read_passages([beir, folder, folder / "c.txt"], rejects)]
    assert found == ["a", "b", "c.txt:1", "c.txt:2", "c.txt:1", "c.txt:2"]
    assert rejects.n_duplicates == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.pdf", "x", "not a kind of document we read"),
        ("x.txt", " \n", "no record in it"),
        ("missing.txt", None, "no such file or folder"),
    ],
)
def test_what_cannot_be_indexed_is_named(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(MedencError, match=message) as error:
        list(read_passages([tmp_path / name], Rejects()))
    assert name in str(error.value)
