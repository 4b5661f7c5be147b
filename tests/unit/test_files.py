"""Atomic writes: the old state or the new one, never half of either, whatever goes wrong and when."""

import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope import files
from ganoscope.errors import UserError
from ganoscope.files import (
    compute_sha256,
    escape_unprintable,
    load_json,
    new_folder,
    remove_leftovers,
    replacing,
    save_json,
)

ERRORS = [ValueError("bad"), KeyboardInterrupt(), OSError(28, "No space left on device"), SystemExit(1)]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def break_flush(monkeypatch, error):
    def fail(path):
        raise error

    monkeypatch.setattr(files, "flush_to_disk", fail)


def test_replacing_shows_the_new_content_only_at_the_end(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with replacing(path) as partial:
        partial.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    with replacing(path) as partial:
        partial.write_text("newer")
        assert path.read_text() == "new"
    assert path.read_text() == "newer"
    assert names(path.parent) == ["a.txt"]


@pytest.mark.parametrize("error", ERRORS)
def test_replacing_keeps_the_old_content_when_writing_fails(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), replacing(path) as partial:
        partial.write_text("half")
        raise error
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.txt"])


@pytest.mark.parametrize("error", ERRORS)
def test_replacing_keeps_the_old_content_when_the_disk_fails(tmp_path, monkeypatch, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    break_flush(monkeypatch, error)
    with pytest.raises(type(error)), replacing(path) as partial:
        partial.write_text("new")
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.txt"])


def test_bytes_are_on_disk_before_the_name_changes(tmp_path, monkeypatch):
    path, seen = tmp_path / "a.txt", []
    monkeypatch.setattr(files, "flush_to_disk", lambda partial: seen.append((partial.read_text(), path.exists())))
    with replacing(path) as partial:
        partial.write_text("new")
    assert seen == [("new", False)]


def test_partial_name_is_hidden_and_beside_its_destination(tmp_path):
    partial = files.partial_name(tmp_path / "store.json")
    assert partial.parent == tmp_path
    assert partial.name.startswith(".")


def test_new_folder_appears_whole(tmp_path):
    path = tmp_path / "deep" / "store"
    with new_folder(path) as partial:
        (partial / "a").write_text("1")
        (partial / "b").mkdir()
        (partial / "b" / "c").write_text("2")
        assert not path.exists()
    assert (names(path), (path / "b" / "c").read_text()) == (["a", "b"], "2")
    assert names(path.parent) == ["store"]


def test_new_folder_takes_the_place_of_an_empty_one(tmp_path):
    (tmp_path / "store").mkdir()
    with new_folder(tmp_path / "store") as partial:
        (partial / "a").touch()
    assert names(tmp_path / "store") == ["a"]


@pytest.mark.parametrize("error", ERRORS)
def test_new_folder_leaves_nothing_when_writing_fails(tmp_path, error):
    with pytest.raises(type(error)), new_folder(tmp_path / "store") as partial:
        (partial / "a").write_text("half")
        raise error
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", ERRORS)
def test_new_folder_leaves_nothing_when_the_disk_fails(tmp_path, monkeypatch, error):
    break_flush(monkeypatch, error)
    with pytest.raises(type(error)), new_folder(tmp_path / "store") as partial:
        (partial / "a").write_text("new")
    assert names(tmp_path) == []


def test_new_folder_flushes_every_file_before_the_name_changes(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(files, "flush_to_disk", lambda file: seen.append((file.name, (tmp_path / "store").exists())))
    with new_folder(tmp_path / "store") as partial:
        (partial / "b").mkdir()
        (partial / "a").touch()
        (partial / "b" / "c").touch()
    assert sorted(seen) == [("a", False), ("c", False)]


def test_new_folder_starts_clean_after_a_killed_process(tmp_path):
    leftover = files.partial_name(tmp_path / "store")
    leftover.mkdir()
    (leftover / "stale").touch()
    with new_folder(tmp_path / "store") as partial:
        (partial / "fresh").touch()
    assert names(tmp_path / "store") == ["fresh"]
    assert names(tmp_path) == ["store"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_new_folder_refuses_what_exists_and_touches_nothing(tmp_path, kind):
    path = tmp_path / "store"
    if kind == "folder":
        path.mkdir()
        (path / ".hidden").write_text("mine")
    else:
        path.write_text("mine")
    said = "is a file" if kind == "file" else "exists and is not empty"
    with pytest.raises(UserError, match=rf"{said}.*Name another one"), new_folder(path):
        pytest.fail("must not get here")
    assert (path / ".hidden" if kind == "folder" else path).read_text() == "mine"


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_new_folder_refuses_a_place_without_a_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="destination has no name"), new_folder(type(tmp_path)(name)):
        pytest.fail("must not get here")
    assert names(tmp_path) == []


def test_leftovers_go_and_everything_else_stays(tmp_path):
    (tmp_path / ".a.json.partial").touch()
    (tmp_path / ".store.partial" / "deep").mkdir(parents=True)
    (tmp_path / ".store.partial" / "deep" / "x").touch()
    for keep in ("a.json", "b.partial", ".hidden"):
        (tmp_path / keep).touch()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == [".hidden", "a.json", "b.partial"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-files.LARGEST, files.LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(values)
@settings(deadline=None)
def test_json_comes_back_as_written(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "round_trip.json"
    save_json(path, content)
    assert load_json(path) == content


def test_json_is_readable_text(tmp_path):
    save_json(tmp_path / "a.json", {"name": "Röntgen 病"})
    assert (tmp_path / "a.json").read_bytes() == '{\n "name": "Röntgen 病"\n}\n'.encode()


def test_what_json_cannot_hold_keeps_the_old_file(tmp_path):
    save_json(tmp_path / "a.json", [1])
    with pytest.raises(TypeError):
        save_json(tmp_path / "a.json", {"x": {1, 2}})
    assert load_json(tmp_path / "a.json") == [1]
    assert names(tmp_path) == ["a.json"]


HALVES = [rb'["\ud800"]', rb'{"\uDFFF": 1}', rb'["\udc80\ud83d"]']


def test_letters_of_two_code_units_are_read(tmp_path):
    (tmp_path / "a.json").write_bytes(rb'["\ud83d\ude00", "\u00e9", "\\ud800"]')
    assert load_json(tmp_path / "a.json") == ["😀", "é", r"\ud800"]


@pytest.mark.parametrize("content", [b"", b"{", b"{'a': 1}", b"\xff\xfe", b"[1] x", *HALVES])
def test_damaged_json_is_named(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.json is damaged: .*Restore it"):
        load_json(tmp_path / "a.json")


def test_missing_json_is_named(tmp_path):
    with pytest.raises(UserError, match=r"a\.json does not exist"):
        load_json(tmp_path / "a.json")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_sha256_equals_hashlib_across_blocks_and_files(tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(b"tail")
    assert compute_sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    assert compute_sha256(tmp_path / "a", tmp_path / "b") == hashlib.sha256(content + b"tail").hexdigest()


@given(st.binary(max_size=20))
@settings(deadline=None)
def test_escaped_names_fit_text_files_and_one_csv_line(raw):
    name = escape_unprintable(os.fsdecode(raw))
    name.encode("utf-8")
    assert len(f"{name}x".splitlines()) == 1 or "\u2028" in name or "\u2029" in name
    assert "\r" not in name
    assert "\0" not in name


@given(st.text("aZ09 _-.,;'\"<>&()äß病é\u200d\u3000"))
@settings(deadline=None)
def test_printable_names_are_left_alone(name):
    assert escape_unprintable(name) == name


DAMAGED = {
    "huge integer": b'{"a": 1' + b"0" * 5000 + b"}",
    "large integer": b'{"a": 1' + b"0" * 30 + b"}",
    "deep nesting": b"[" * 100_000,
    "nesting": b"[" * 100 + b"]" * 100,
    "overflow": b'{"a": 1e999}',
    "key twice": b'{"a": 1, "a": 2}',
    "not UTF-8": b'{"a": "\xff"}',
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "empty": b"",
    "cut": b'{"a": [1, 2',
    "text": b"hello",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_json_is_told_with_the_name_of_the_file(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.json is damaged: "):
        load_json(tmp_path / "a.json")


def test_a_folder_in_place_of_json_is_told(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(UserError, match=r"a\.json is no file"):
        load_json(tmp_path / "a.json")


@pytest.fixture
def victim(tmp_path):
    """A folder and a file that nothing may touch."""
    folder = tmp_path / "victim"
    (folder / "0000000016").mkdir(parents=True)
    (folder / "0000000016" / "letter.txt").write_text("dear")
    (folder / ".old.partial").write_text("dear")
    yield folder
    assert (folder / "0000000016" / "letter.txt").read_text() == "dear"
    assert names(folder) == [".old.partial", "0000000016"]


@pytest.fixture
def ours(tmp_path):
    """A folder of ours."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    return tmp_path / "run"


def test_a_link_in_place_of_a_temporary_name_is_refused(victim, tmp_path):
    (tmp_path / ".page.html.partial").symlink_to(victim / "0000000016" / "letter.txt")
    (tmp_path / ".out.partial").symlink_to(victim)
    with pytest.raises(UserError, match=r"page\.html\.partial is a link"), replacing(tmp_path / "page.html") as partial:
        partial.write_text("page")
    with pytest.raises(UserError, match=r"out\.partial is a link"), new_folder(tmp_path / "out"):
        pass


def test_links_inside_a_folder_of_ours_are_not_followed(victim, ours):
    (ours / "checkpoints").symlink_to(victim)
    inside = ours / "checkpoints"
    actions = (
        lambda: save_json(inside / "a.json", 1),
        lambda: remove_leftovers(inside),
        lambda: files.remove(inside / "0000000016"),
        lambda: new_folder(inside / "0000000032").__enter__(),
        lambda: files.appending(inside / "history.csv").__enter__(),
        lambda: files.refuse_links_below(ours),
    )
    for action in actions:
        with pytest.raises(UserError, match="checkpoints is a link, and links inside the folders of ganoscope"):
            action()
    files.remove(inside)
    assert names(ours) == ["run.json"]


def test_a_link_to_a_file_is_not_followed(victim, ours):
    (ours / "history.csv").symlink_to(victim / "0000000016" / "letter.txt")
    with pytest.raises(UserError, match=r"history\.csv is a link"):
        files.appending(ours / "history.csv").__enter__()
    with pytest.raises(OSError, match=r"symbolic link|ELOOP"):
        files.open_new(ours / "history.csv")
    save_json(ours.parent / "elsewhere.json", 1)


def test_the_users_own_links_to_folders_are_followed(ours, tmp_path):
    (tmp_path / "shortcut").symlink_to(ours)
    save_json(tmp_path / "shortcut" / "a.json", 1)
    files.refuse_links_below(tmp_path / "shortcut")
    with new_folder(tmp_path / "shortcut" / "out") as partial:
        (partial / "a").touch()
    assert names(ours) == ["a.json", "out", "run.json"]


def test_a_destination_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="out is a link"):
        files.refuse_existing(tmp_path / "out")


def test_a_folder_of_a_relative_name_is_removed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".store.unfinished"
    folder.mkdir()
    files.remove(folder.relative_to(tmp_path))
    assert list(tmp_path.iterdir()) == []
