"""Measurements that no chapter of their own shows."""

from types import SimpleNamespace

import pytest

from ganoscope.errors import UserError
from ganoscope.files import save_json
from ganoscope.reports.run.sections.measurements import list_measurements, make_chapter

ONE = {"value": 1.0, "low": 0.5, "high": 1.5, "n": 20}


def test_every_other_file_with_estimates_is_shown(tmp_path):
    for name in ("diversity", "alarms", "precision", "membership_attack"):
        save_json(tmp_path / f"{name}.json", {"value": ONE})
    chapter = make_chapter(SimpleNamespace(evaluation=tmp_path))
    assert [file.stem for file in list_measurements(tmp_path)] == ["membership_attack", "precision"]
    assert [row[0] for row in chapter.sections[1].tables[0].rows] == ["membership attack", "precision"]
    assert "`membership_attack.json`, `precision.json`" in chapter.sections[0].sentences[0]


def test_no_estimates_are_no_chapter(tmp_path):
    assert make_chapter(SimpleNamespace(evaluation=tmp_path / "gone")) is None
    save_json(tmp_path / "note.json", {"text": "none"})
    assert make_chapter(SimpleNamespace(evaluation=tmp_path)) is None


def test_a_damaged_file_is_the_users_error(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        make_chapter(SimpleNamespace(evaluation=tmp_path))
