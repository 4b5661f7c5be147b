"""Results count only where their record and their files agree."""

import os

import pytest

from ganoscope.tasks import kept_results
from ganoscope.tasks.kept_results import SMALL_BYTES, UnlikeRecordError, verify_result, write_record
from ganoscope.tasks.task import compute_key

WORK = {"function": "a:b", "needs": {}}
KEY = compute_key(WORK)


@pytest.fixture
def result(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "large").write_bytes(bytes(SMALL_BYTES + 1))
    (tmp_path / "small").write_bytes(b"small")
    write_record(tmp_path, WORK, "name", {"a": "content"}, 1.0, 2.0)
    return tmp_path


def test_a_record_says_what_was_done_and_how_long_it_took(result):
    record = verify_result(result, KEY, {"a": "content"})
    assert (record.key, record.name, record.seconds, record.peak_mib) == (KEY, "name", 1.0, 2.0)
    assert list(record.files) == ["inner/large", "small"]
    assert {"python", "ganoscope", "torch", "numpy"} <= set(record.versions)


def test_contents_depend_on_names_and_bytes_alone(result):
    first = verify_result(result, KEY, {"a": "content"})
    other = write_record(result, {**WORK, "seed": 2}, "other", {}, 9.0, 9.0)
    assert other.content == first.content
    (result / "small").rename(result / "renamed")
    assert write_record(result, WORK, "name", {}, 1.0, 2.0).content != first.content


def count_hashed(monkeypatch):
    hashed = []
    honest = kept_results.compute_sha256
    monkeypatch.setattr(kept_results, "compute_sha256", lambda path: hashed.append(path.name) or honest(path))
    return hashed


def test_large_files_are_hashed_only_where_their_times_differ(result, monkeypatch):
    hashed = count_hashed(monkeypatch)
    verify_result(result, KEY, {"a": "content"})
    assert hashed == ["small"]
    verify_result(result, KEY, {"a": "content"}, thorough=True)
    assert sorted(hashed[1:]) == ["large", "small"]
    os.utime(result / "inner" / "large")
    del hashed[:]
    verify_result(result, KEY, {"a": "content"})
    assert sorted(hashed) == ["large", "small"]
    del hashed[:]
    verify_result(result, KEY, {"a": "content"})
    assert hashed == ["small"], "the record was renewed"


def test_a_large_file_changed_without_changing_its_size_and_time_is_found(result):
    path = result / "inner" / "large"
    state = path.stat()
    path.write_bytes(b"x" + bytes(SMALL_BYTES))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(UnlikeRecordError, match="inner/large has other bytes"):
        verify_result(result, KEY, {"a": "content"})


@pytest.mark.parametrize(("key", "read"), [("0" * 64, {"a": "content"}), (KEY, {"a": "other"}), (KEY, {})])
def test_a_result_of_other_work_does_not_count(result, key, read):
    with pytest.raises(UnlikeRecordError):
        verify_result(result, key, read)


@pytest.mark.parametrize("kind", ["file", "folder", "pipe"])
def test_links_and_pipes_are_no_results(result, kind):
    if kind == "pipe":
        os.mkfifo(result / "odd")
    else:
        (result / "odd").symlink_to(result / ("small" if kind == "file" else "inner"))
    with pytest.raises(UnlikeRecordError):
        write_record(result, WORK, "name", {}, 1.0, 2.0)
    with pytest.raises(UnlikeRecordError):
        verify_result(result, KEY, {"a": "content"})
