"""`ganoscope demo` as a user types it: made, resumed, refused, and on real images."""

import json
from pathlib import Path

import pytest
from tests.fixtures.commands import run

from ganoscope.workflows import demo

SMALL = ["--images", "320", "--number", "32", "--size", "32"]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Fewer phantoms and audited images; `.ci/run` makes a demo with the numbers of users."""
    monkeypatch.setattr(demo, "PHANTOMS", 400)
    monkeypatch.setattr(demo, "AUDITED", 64)


@pytest.mark.slow
def test_the_demo_runs_resumes_and_refuses_other_settings(tmp_path, capsys):
    assert run("demo", "--out", tmp_path / "demo", *SMALL) == 0
    assert (tmp_path / "demo" / "report.html").stat().st_size > 50_000
    made = (tmp_path / "demo" / "generated" / "000000.png").stat().st_mtime_ns
    assert run("demo", "--out", tmp_path / "demo", *SMALL) == 0
    assert (tmp_path / "demo" / "generated" / "000000.png").stat().st_mtime_ns == made
    assert run("demo", "--out", tmp_path / "demo", *SMALL, "--seed", "4") == 2
    assert "other settings" in capsys.readouterr().err
    assert json.loads((tmp_path / "demo" / "demo.json").read_text())["seed"] == "0"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brain_mri", "chest_xray"])
def test_the_demo_runs_on_real_images(name, shared_data, tmp_path, capsys):
    assert run("demo", "--data", shared_data / name, "--out", tmp_path / "demo", *SMALL) == 0
    alarms = Path(tmp_path / "demo" / "store" / "alarms.json").read_text()
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert "exact_copies" in alarms
    assert "exact copies of another file" in page
    if name == "brain_mri":
        assert "source_split_overlap" in alarms
        assert "33 distinct images" in page
