"""Listing: sources with odd names, without files, or that change meanwhile."""

import pytest
from tests.fixtures.prepared import PARTS, SMALL, names_of, quarantine_of

from ganoscope.data.prepare import unfinished
from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare


def test_missing_empty_and_file_sources_are_refused(make_source, target, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.png").write_bytes(b"x")
    for name, message in (
        ("missing", "does not exist"),
        ("empty", r"holds no files; allowed: a folder with .*\.png"),
        ("file.png", "is a file; allowed: a folder"),
    ):
        with pytest.raises(UserError, match=message):
            prepare(tmp_path / name, target, SMALL)
    assert not target.exists()


def test_unicode_and_markup_in_names_survive(make_source, target, pictures):
    odd = {
        f'<i>ä 病</i>/{name.replace("/", " ")} "q", x.png'.replace("</", "<"): image for name, image in pictures.items()
    }
    store = prepare(make_source(odd), target, SMALL)
    assert sorted(names_of(store)) == sorted(odd)


def test_names_with_line_ends_do_not_shift_the_manifest(make_source, target, pictures):
    odd = {f"a\r{n}\n.png": image for n, image in enumerate(pictures.values())}
    store = prepare(make_source({**odd, "bad\r.png": b""}), target, SMALL)
    assert sorted(names_of(store)) == sorted(rf"a\r{n}\n.png" for n in range(12))
    assert list(quarantine_of(store)) == [r"bad\r.png"]
    assert set(store.column("split").tolist()) == PARTS


def test_file_that_vanishes_between_listing_and_reading_is_quarantined(make_source, target, pictures, monkeypatch):
    source = make_source(pictures)
    list_source = unfinished.list_source

    def list_then_damage(*arguments):
        result = list_source(*arguments)
        (source / "well/scan00.png").unlink()
        return result

    monkeypatch.setattr(unfinished, "list_source", list_then_damage)
    store = prepare(source, target, SMALL)
    assert store.count == 11
    assert "No such file" in quarantine_of(store)["well/scan00.png"]
