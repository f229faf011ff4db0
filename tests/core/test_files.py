"""Files and folders appear whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medenc.core.errors import MedencError
from medenc.core.files import PART, content_digest, new_folder, publish, recover, write_bytes, write_json


def fill(path: Path, text: str) -> None:
    with new_folder(path) as folder:
        (folder / "a.txt").write_text(text)


def test_new_folder_replaces_the_old_one(tmp_path):
    fill(tmp_path / "out", "old")
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out/a.txt").read_text() == "new"
    assert {p.name for p in tmp_path.iterdir()} == {"out", ".out.lock"}


def test_failure_leaves_what_was_there(tmp_path):
    fill(tmp_path / "out", "old")
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("half" * (1 // 0))
    assert (tmp_path / "out/a.txt").read_text() == "old"
    assert not list(tmp_path.glob(f"{PART}*"))


def test_two_writers_are_told_apart(tmp_path):
    with new_folder(tmp_path / "out"), pytest.raises(MedencError, match="another process"):
        fill(tmp_path / "out", "second")


def test_a_kill_between_the_two_renames_is_undone(tmp_path):
    fill(tmp_path / "out", "old")
    (tmp_path / "out").rename(tmp_path / ".previous-out")
    recover(tmp_path / "out")
    assert (tmp_path / "out/a.txt").read_text() == "old"


KILLED = """
import os, signal, sys
from pathlib import Path
from medenc.core import files
real, count = os.{call}, 0
def dying(*a, **k):
    global count
    count += 1
    if count == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*a, **k)
os.{call} = dying
with files.new_folder(Path(sys.argv[1])) as folder:
    (folder / "a.txt").write_text("new")
    (folder / "b.txt").write_text("new")
print("done")
"""


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_killed_at_every_step_leaves_old_or_new(tmp_path, call):
    """Kill at the 1st, 2nd, … call until the writer survives; seen to fail with an in-place write."""
    out = tmp_path / "out"
    for at in range(1, 12):
        fill(out, "old")
        (out / "b.txt").write_text("old")
        done = subprocess.run([sys.executable, "-c", KILLED.format(call=call, at=at), str(out)], capture_output=True)
        recover(out)
        assert len({(out / name).read_text() for name in ("a.txt", "b.txt")}) == 1
        if done.returncode == 0:
            return
        assert done.returncode == -signal.SIGKILL
    pytest.fail("the writer never survived")


def test_write_bytes_is_atomic_when_the_disk_is_full(tmp_path, monkeypatch):
    write_bytes(tmp_path / "a", b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MedencError, match="No space left"):
        write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "x.json", {"loss": float("nan")})


def test_content_digest_sees_names_and_bytes(tmp_path):
    fill(tmp_path / "one", "x")
    fill(tmp_path / "two", "x")
    assert content_digest(tmp_path / "one") == content_digest(tmp_path / "two")
    (tmp_path / "two/a.txt").rename(tmp_path / "two/b.txt")
    assert content_digest(tmp_path / "one") != content_digest(tmp_path / "two")


def test_publish_needs_no_previous(tmp_path):
    (tmp_path / "draft").mkdir()
    publish(tmp_path / "draft", tmp_path / "out")
    assert (tmp_path / "out").is_dir()
