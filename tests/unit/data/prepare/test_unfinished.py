"""Unfinished stores: resumed to the same result, never mixed, one process at a time."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pytest
from PIL import Image
from tests.fixtures.prepared import SMALL, read_everything

from ganoscope import files
from ganoscope.data.prepare import finalize, ingest, unfinished
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.store import StoreWriter
from ganoscope.errors import UserError
from ganoscope.workflows import prepare as workflow
from ganoscope.workflows.prepare import prepare


def fail_after(calls, original, error):
    remaining = iter(range(calls))

    def call(*arguments, **options):
        if next(remaining, None) is None:
            raise error
        return original(*arguments, **options)

    return call


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "interruption",
    [
        ((Ingest, "take"), 0, KeyboardInterrupt()),
        ((Ingest, "take"), 5, KeyboardInterrupt()),
        ((finalize, "write_manifest"), 0, MemoryError()),
        ((finalize, "find_alarms"), 0, KeyboardInterrupt()),
        ((StoreWriter, "append"), 0, FULL),
        ((StoreWriter, "append"), 7, FULL),
        ((StoreWriter, "finish"), 0, FULL),
        ((files, "flush_to_disk"), 0, FULL),
        ((files, "flush_to_disk"), 3, FULL),
        ((unfinished, "remove_private"), 0, KeyboardInterrupt()),
        ((unfinished, "publish_key"), 0, FULL),
    ],
)
def test_after_an_interruption_the_same_call_goes_on_to_the_same_store(
    make_source, target, tmp_path, pictures, monkeypatch, interruption
):
    place, after, error = interruption
    source = make_source(pictures)
    expected = read_everything(prepare(source, tmp_path / "undisturbed", SMALL).path)
    monkeypatch.setattr(ingest, "COMMIT_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(*place, fail_after(after, getattr(*place), error))
        with pytest.raises(type(error)):
            prepare(source, target, SMALL)
    assert not target.exists()
    assert not target.with_name("store.key.csv").exists()
    store = prepare(source, target, SMALL)
    store.verify()
    assert read_everything(target) == expected
    assert not target.with_name(".store.unfinished").exists()


KILL = """
import os, sys
from pathlib import Path
from ganoscope.data.prepare import ingest
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.workflows.prepare import prepare
ingest.COMMIT_SECONDS = 0.0
take, calls = ingest.Ingest.take, []
def die(self, decoded):
    calls.append(1)
    if len(calls) > int(sys.argv[3]):
        os._exit(9)
    take(self, decoded)
ingest.Ingest.take = die
prepare(Path(sys.argv[1]), Path(sys.argv[2]), PrepareConfig(size=16))
"""


@pytest.mark.parametrize("survived", [0, 1, 6])
def test_killed_prepare_goes_on_where_it_was_and_ends_the_same(
    make_source, target, tmp_path, pictures, survived, monkeypatch
):
    source = make_source(pictures)
    command = [sys.executable, "-c", KILL, str(source), str(target), str(survived)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    unfinished = target.with_name(".store.unfinished")
    assert not target.exists()
    assert unfinished.stat().st_mode & 0o077 == 0  # it holds names
    read = []
    original = ingest.Ingest.take
    monkeypatch.setattr(ingest.Ingest, "take", lambda self, result: read.append(result) or original(self, result))
    prepare(source, target, SMALL).verify()
    assert len(read) == 12 - survived
    assert read_everything(target) == read_everything(prepare(source, tmp_path / "other", SMALL).path)


@pytest.mark.parametrize("change", ["file", "options"])
def test_unfinished_work_on_another_source_or_with_other_options_is_not_mixed_in(
    make_source, target, pictures, smooth, change
):
    source = make_source(pictures)
    command = [sys.executable, "-c", KILL, str(source), str(target), "5"]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    if change == "file":
        Image.fromarray(smooth(77)).save(source / "well/scan00.png")
        os.utime(source / "well/scan00.png", (1, 1))
    store = prepare(source, target, PrepareConfig(size=16 if change == "file" else 24))
    assert store.count == 12
    assert store.size == (16 if change == "file" else 24)
    if change == "file":
        digest = sha256((source / "well/scan00.png").read_bytes()).hexdigest()
        assert digest in store.column("source_sha256").tolist()


def test_two_calls_never_fill_one_destination(make_source, target, pictures, monkeypatch):
    source, begun = make_source(pictures), []

    def call_again(*arguments):
        with pytest.raises(UserError, match=r"store is being written by .*: got process .*Wait until it"):
            prepare(source, target, PrepareConfig(size=16, fit="crop"))
        begun.append(arguments)
        return finish(*arguments)

    finish = workflow.finish
    monkeypatch.setattr(workflow, "finish", call_again)
    store = prepare(source, target, SMALL)
    store.verify()
    assert begun and store.prepared["fit"] == SMALL.fit
    assert not [path.name for path in target.parent.iterdir() if "lock" in path.name]


def test_a_refused_call_leaves_nothing_and_an_earlier_one_its_work(make_source, target, pictures, monkeypatch):
    source = make_source(pictures)
    unfinished = target.with_name(".store.unfinished")
    with pytest.raises(UserError, match="nothing called unknown in layouts"):
        prepare(source, target, replace(SMALL, layout="unknown"))
    with pytest.raises(UserError, match="--workers must not be negative: got -3"):
        prepare(source, target, SMALL, workers=-3)
    assert not unfinished.exists()
    with monkeypatch.context() as patch:
        patch.setattr(finalize, "write_manifest", fail_after(0, finalize.write_manifest, KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            prepare(source, target, SMALL)
    with pytest.raises(UserError, match="nothing called unknown in layouts"):
        prepare(source, target, replace(SMALL, layout="unknown"))
    assert (unfinished / "rows.csv").exists()
    assert str(source) not in (unfinished / "plan.json").read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": 2**40}, "images.npy has "),
        ({"count": 13}, "images.npy has "),
        ({"count": 3}, "it has 12 rows for 3 images"),
        ({"count": 0}, "it has 12 rows for 0 images"),
        ({"unit": ""}, "the unit of its pixels is missing"),
        ({"unit": "HU"}, "images.npy has "),
        ({"lengths": {"rows.csv": 10**9, "thumbnails.bin": 10**12}}, "rows.csv has .* of 1,000,000,000 bytes"),
        ({"lengths": {}}, "it has 0 rows for 12 images"),
    ],
)
def test_what_an_earlier_process_left_is_never_made_up(make_source, target, pictures, monkeypatch, change, words):
    source, unfinished = make_source(pictures), target.with_name(".store.unfinished")
    with monkeypatch.context() as patch:
        patch.setattr(finalize, "write_manifest", fail_after(0, finalize.write_manifest, KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            prepare(source, target, SMALL)
    progress = json.loads((unfinished / "progress.json").read_text())
    before = {path.name: path.stat().st_size for path in unfinished.iterdir()}
    (unfinished / "progress.json").write_text(json.dumps({**progress, **change}))
    with pytest.raises(UserError, match=rf"unfinished store .* is damaged: .*{words}"):
        prepare(source, target, SMALL)
    after = {path.name: path.stat().st_size for path in unfinished.iterdir()}
    assert {**after, "progress.json": 0} == {**before, "progress.json": 0}
    (unfinished / "progress.json").write_text(json.dumps(progress))
    prepare(source, target, SMALL).verify()
