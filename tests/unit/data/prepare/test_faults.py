"""Whatever the work on one file raises, that file is put aside; what is no fault of a file ends the program."""

import errno
import os
from pathlib import Path

import pytest
from PIL import Image
from tests.fixtures import dicom_files
from tests.fixtures.prepared import names_of, quarantine_of

from ganoscope.data.dicom import attributes
from ganoscope.data.file_limits import refuse_bomb
from ganoscope.data.layouts import dicom_tree
from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.prepare import decode
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.faults import explain_fault
from ganoscope.errors import UserError
from ganoscope.workflows import prepare as workflow
from ganoscope.workflows.prepare import prepare


def save_png(path, pixels):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_reasons_hold_no_text_of_unknown_exceptions():
    assert explain_fault(UnreadableError("truncated")) == "truncated"
    assert explain_fault(PermissionError(errno.EACCES, "Permission denied", "Doe.png")).endswith("Permission denied")
    assert "memory" in explain_fault(MemoryError("Doe"))
    reason = explain_fault(ZeroDivisionError("John Doe"))
    assert "ZeroDivisionError" in reason
    assert "report" in reason
    assert "Doe" not in reason


def test_the_reason_of_an_unexpected_fault_names_its_place():
    with pytest.raises(TypeError) as caught:
        refuse_bomb("many", 1, ReadOptions())
    assert "TypeError in file_limits.py, line " in explain_fault(caught.value)


@pytest.mark.parametrize("fault", [ZeroDivisionError("Doe"), MemoryError(), RecursionError(), EOFError()])
@pytest.mark.parametrize("place", ["choose_placement", "place", "draw_thumbnail", "find_markers", "make_row"])
def test_an_exception_at_any_place_costs_one_file(tmp_path, smooth, monkeypatch, place, fault):
    work, calls = getattr(decode, place), []

    def fail_once(*given, **named):
        calls.append(place)
        if len(calls) == 5:
            raise fault
        return work(*given, **named)

    for number in range(12):
        save_png(tmp_path / f"in/{number:02}.png", smooth(number, (300, 300)))
    monkeypatch.setattr(decode, place, fail_once)
    store = prepare(tmp_path / "in", tmp_path / "store", PrepareConfig(size=16))
    assert len(names_of(store)) == 11
    ((name, reason),) = quarantine_of(store).items()
    assert name == "04.png"
    assert "memory" in reason if isinstance(fault, MemoryError) else type(fault).__name__ in reason


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), OSError(errno.EMFILE, ""), UserError("x")])
def test_faults_of_the_system_and_the_settings_are_not_the_files(error):
    with pytest.raises(type(error)):
        explain_fault(error)


def test_paths_beyond_the_reach_of_the_system_are_put_aside(tmp_path, smooth, monkeypatch):
    for number in range(12):
        save_png(tmp_path / f"in/{number:02}.png", smooth(number, (64, 64)))
    monkeypatch.chdir(tmp_path / "in")
    for _ in range(25):  # step by step: no path of more than 4,095 bytes can be given at once
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
        save_png(Path("deep.png"), smooth(1, (64, 64)))
    os.chdir(tmp_path)
    store = prepare(tmp_path / "in", tmp_path / "store", PrepareConfig(size=16, layout="folders"))
    assert len(names_of(store)) + len(quarantine_of(store)) > 12
    assert any("4096 bytes" in reason for reason in quarantine_of(store).values())
    for name in range(12):
        assert f"{name:02}.png" in names_of(store)


def test_a_dicom_header_that_fails_in_any_way_does_not_end_the_listing(tmp_path, monkeypatch):
    for number in range(3):
        dicom_files.write(tmp_path / f"{number}.dcm", dicom_files.AIR_TO_BONE, **dicom_files.CT)
    position = attributes.read_position

    def fail_once(header, *rest):
        if header.filename.endswith("1.dcm"):
            raise RecursionError
        return position(header, *rest)

    monkeypatch.setattr(attributes, "read_position", fail_once)
    entries = list(dicom_tree.list_images(tmp_path, ReadOptions()))
    assert sorted(path.name for entry in entries for path in entry.paths) == ["0.dcm", "1.dcm", "2.dcm"]


def test_files_that_vanish_or_can_not_be_opened_are_put_aside(tmp_path, smooth, monkeypatch):
    for number in range(12):
        save_png(tmp_path / f"in/{number:02}.png", smooth(number, (64, 64)))
    os.mkfifo(tmp_path / "in/pipe.png")
    make_recipe = decode.make_recipe
    monkeypatch.setattr(
        workflow, "make_recipe", lambda *given: ((tmp_path / "in/03.png").unlink(), make_recipe(*given))[1]
    )
    store = prepare(tmp_path / "in", tmp_path / "store", PrepareConfig(size=16))
    assert len(names_of(store)) == 11
    assert quarantine_of(store) == {
        "03.png": "the system can't read it: No such file or directory",
        "pipe.png": "not a regular file",
    }
