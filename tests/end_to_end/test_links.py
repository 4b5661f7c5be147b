"""Links in the folders of stores and runs are never followed: what they lead to stays as it is, in every command."""

import shutil

import pytest
from tests.end_to_end.conftest import SMALL
from tests.fixtures.commands import run

LETTER = "dear victim"
CASES = {
    "train, checkpoints": ("train dcgan {story}/store {tmp}/run --images 192", "run/checkpoints"),
    "train, samples": ("train dcgan {story}/store {tmp}/run --images 192", "run/samples"),
    "train, history": ("train dcgan {story}/store {tmp}/run --images 192", "run/history.csv"),
    "train, lock": ("train dcgan {story}/store {tmp}/run --images 192", ".run.ganoscope-lock"),
    "report, page": ("report {tmp}/run --number 12", "run/.report.html.partial"),
    "report, evaluation": ("report {tmp}/run --number 12", "run/evaluation"),
    "inspect, page": ("inspect {tmp}/store", "store/.inspect.html.partial"),
    "inspect, data": ("inspect {tmp}/store", "store/inspect_data"),
    "generate, folder": ("generate {story}/run {tmp}/out --number 4", ".out.partial"),
    "generate, itself": ("generate {story}/run {tmp}/out --number 4", "out"),
    "explain, folder": ("explain {story}/run {story}/store {tmp}/out", ".out.partial"),
    "prepare, pixels": ("prepare {story}/source {tmp}/new --size 32", ".new.unfinished/images.npy"),
    "prepare, listing": ("prepare {story}/source {tmp}/new --size 32", ".new.unfinished/listing.jsonl"),
    "prepare, key": ("prepare {story}/source {tmp}/new --size 32", "new.key.csv"),
    "prepare, key, partial": ("prepare {story}/source {tmp}/new --size 32", ".new.key.csv.partial"),
    "classify, checkpoints": ("classify {story}/store {tmp}/new", "new/checkpoints"),
}


@pytest.fixture
def victim(tmp_path):
    """A folder with checkpoints and a letter, which must stay as they are."""
    folder = tmp_path / "victim"
    for name in ("0000000016", "0000000032", ".old.partial"):
        (folder / name).mkdir(parents=True)
        (folder / name / "state.json").write_text(LETTER)
    (folder / "letter").write_text(LETTER)
    return folder


def list_contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("command", "place"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("to_file", [False, True], ids=["to a folder", "to a file"])
def test_what_a_link_leads_to_stays_as_it_is(command, place, to_file, victim, story, tmp_path, capsys):
    for name in ("run", "store"):
        shutil.copytree(story / name, tmp_path / name)
    (tmp_path / "new").mkdir()
    if place.startswith("new/"):
        (tmp_path / "new" / "classify.json").write_text("{}")
    link = tmp_path / place
    link.parent.mkdir(exist_ok=True)
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.symlink_to(victim / "letter" if to_file else victim)
    before = list_contents(victim)
    small = SMALL[:-2] if command.startswith("train") else []
    status = run(*(part.format(tmp=tmp_path, story=story) for part in command.split()), *small)
    told = capsys.readouterr().err.replace("\n", "")
    assert list_contents(victim) == before
    assert status == 2, told
    assert "Traceback" not in told
    assert link.name in told
