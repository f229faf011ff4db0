"""Preparing a corpus: any number of workers, and kills at any moment, give the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpora import long_documents, prepared, write_lines, write_tokenizer

from medenc.core.errors import MedencError
from medenc.core.files import content_digest
from medenc.data import corpus, preparing
from medenc.data.workers import ordered

SMALL = 500  # characters of a chunk


@pytest.fixture
def chunked(monkeypatch):
    monkeypatch.setattr(corpus.chunks, "__defaults__", ("utf-8", SMALL))


def content(folder):
    """A digest of everything but the manifest."""
    (folder / "manifest.json").unlink()
    return content_digest(folder)


def test_chunks_make_shards_without_changing_the_corpus(tmp_path, chunked):
    rows = long_documents()
    shards, numbers = prepared(tmp_path, rows, links="explicit", max_tokens=48)
    assert len(list(shards.path.glob("0*"))) > 3
    assert list(shards.documents.ids()) == [row["id"] for row in rows]
    assert numbers["links"]["unknown"] == 0
    assert [row.id for row in shards][-1].startswith("d39:")
    assert not (tmp_path / "out.parts").exists()


def test_copies_are_found_across_shards(tmp_path, chunked):
    rows = long_documents()
    shards, numbers = prepared(tmp_path, [*rows, *rows[5:8]])
    assert numbers["data"]["duplicates"] == 3
    assert list(shards.documents.ids()) == [row["id"] for row in rows]
    found = content(shards.path)
    assert found == content(prepared(tmp_path, rows)[0].path)


SCRIPT = """
import sys
from pathlib import Path
from medenc.data import corpus
from medenc.core.artifact import writing
from medenc.core.plugins import build
if __name__ == "__main__":
    corpus.chunks.__defaults__ = ("utf-8", {small})
    files, tokenizer, out, workers = sys.argv[1:]
    options = dict(files=[files], tokenizer=tokenizer, workers=int(workers), links="explicit", max_tokens=48)
    step = build("step", dict(use="prepare", **options), "prepare")
    with writing(Path(out), step.kind, options=dict()) as draft:
        step.run(draft)
"""


def start(folder, out, workers):
    script = folder / "run.py"
    script.write_text(SCRIPT.format(small=SMALL))
    given = [folder / "rows.jsonl", folder / "tokenizer", out, workers]
    return subprocess.Popen([sys.executable, script, *map(str, given)], stderr=subprocess.PIPE, text=True)


@pytest.fixture
def inputs(tmp_path):
    write_lines(tmp_path / "rows.jsonl", long_documents(60))
    write_tokenizer(tmp_path / "tokenizer")
    return tmp_path


def finished(process):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def test_two_workers_give_the_bytes_of_one(tmp_path, chunked):
    one, two = (content(prepared(tmp_path, long_documents(), workers=workers)[0].path) for workers in (1, 2))
    assert one == two


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_and_gives_the_same_bytes(inputs, workers):
    finished(start(inputs, inputs / "whole", 1))
    expected, kills = content(inputs / "whole"), 0
    parts = inputs / "out.parts"
    for wanted in (1, 3, 6):
        process = start(inputs, inputs / "out", workers)
        while process.poll() is None and len(list(parts.glob("0*"))) < wanted:
            time.sleep(0.005)
        kills += process.poll() is None
        process.kill()
        process.communicate()
        assert (inputs / "out").exists() or len(list(parts.glob("0*"))) >= wanted
    finished(start(inputs, inputs / "out", workers))
    assert kills >= 1
    assert content(inputs / "out") == expected


def made_at(part):
    return (part / "part.json").stat().st_mtime_ns


def test_finished_parts_of_the_same_text_and_plan_are_kept(tmp_path, chunked, monkeypatch):
    monkeypatch.setattr(preparing, "remove", lambda _: None)
    rows = long_documents()
    first, _ = prepared(tmp_path, rows)
    parts = tmp_path / "out.parts"
    made = {path.name: made_at(path) for path in parts.iterdir() if path.is_dir()}
    expected = content(first.path)
    again, numbers = prepared(tmp_path, rows)
    assert {path.name: made_at(path) for path in parts.iterdir() if path.is_dir()} == made
    assert content(again.path) == expected
    assert numbers["data"]["kept"] == 40
    changed = [*rows[:-1], rows[-1] | {"text": "休息"}]
    prepared(tmp_path, changed)
    now = {path.name: made_at(path) for path in parts.iterdir() if path.is_dir()}
    assert [now[name] == made[name] for name in sorted(made)] == [True] * (len(made) - 1) + [False]
    prepared(tmp_path, rows, links="explicit")
    now = {path.name: made_at(path) for path in parts.iterdir() if path.is_dir()}
    assert not set(now.values()) & set(made.values())


def test_a_worker_that_is_killed_is_one_line(tmp_path):
    with pytest.raises(MedencError, match="a worker was killed"):
        list(ordered(_die, range(4), 2, print, ()))


def _die(_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(inputs):
    process = start(inputs, inputs / "out", 2)
    children: list[int] = []
    while len(children) < 2 and process.poll() is None:
        listed = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout
        children = [int(pid) for pid in listed.split()]
        time.sleep(0.01)
    time.sleep(1)
    process.kill()
    process.communicate()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
