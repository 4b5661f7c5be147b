"""Nothing is run from a folder that is only read: neither modules in it nor names in its files."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEGLSLossless
from tests.end_to_end.conftest import SMALL
from tests.fixtures.commands import run

PLANTED = ("ganoscope", "joblib", "multiprocessing", "torch", "numpy", "pickle", "signal", "sitecustomize", "rich")
START = "import sys\nfrom ganoscope.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"


@pytest.fixture
def trap(tmp_path):
    """A folder of data with modules in it; `ran` beside it lists those that were imported."""
    code = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__ + '\\n')\nraise ImportError('planted')\n"
    folder = tmp_path / "data"
    for name in PLANTED:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(code)
        (folder / f"{name}.py").write_text(code)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "start.py").write_text(START)
    return folder


def call(trap, *arguments):
    """Runs a command inside the folder, as the installed script does, and returns what it printed."""
    command = [sys.executable, trap.parent / "bin" / "start.py", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=trap, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (trap.parent / "ran").exists(), (trap.parent / "ran").read_text()
    return done.stdout


def test_modules_beside_the_data_are_not_run_by_workers(trap):
    (trap / "pictures").mkdir()
    for index, picture in enumerate(np.random.default_rng(0).integers(0, 255, (40, 16, 16), np.uint8)):
        Image.fromarray(picture).save(trap / "pictures" / f"{index}.png")
    call(trap, "prepare", trap / "pictures", trap.parent / "store", "--size", 16, "--workers", 2)


def test_modules_beside_the_data_are_not_run_by_the_isolated_decoder(trap, monkeypatch):
    from ganoscope.data.dicom import isolated

    monkeypatch.chdir(trap)
    isolated.start_decoder.cache_clear()
    options = {"syntax": str(JPEGLSLossless), "rows": 1, "columns": 1}
    with pytest.raises(isolated.UnreadableError):
        isolated.decode_isolated(b"nothing", options)
    assert not (trap.parent / "ran").exists()


@pytest.mark.slow
def test_modules_beside_the_data_are_not_run_by_training_processes(trap, phantom_store):
    call(trap, "train", "dcgan", phantom_store, trap.parent / "run", *SMALL, "--devices", 2, "--device", "cpu")


def name_module(path, field, name):
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, field: name}), encoding="utf-8")


@pytest.fixture
def foreign(tmp_path, story, tiny_classifier, monkeypatch):
    """Copies of a run and of a classifier whose files name a module of their own, which can be found."""
    shutil.copytree(story / "run", tmp_path / "run")
    shutil.copytree(tiny_classifier, tmp_path / "classifier")
    (tmp_path / "run" / "planted").mkdir()
    (tmp_path / "run" / "planted" / "gan.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path / "run")
    name_module(tmp_path / "run" / "run.json", "method", "planted.gan")
    name_module(tmp_path / "classifier" / "classifier.json", "network", "planted.gan")
    return tmp_path


COMMANDS = {
    "report": "report {tmp}/run",
    "generate": "generate {tmp}/run {tmp}/out --number 4",
    "generate, screened": "generate {story}/run {tmp}/out --number 4 --classifier {tmp}/classifier "
    "--min-label-confidence 0.5",
    "explain": "explain {tmp}/run {story}/store {tmp}/out",
    "counterfactual": "counterfactual {tmp}/run {story}/store {tmp}/out",
    "train": "train dcgan {story}/store {tmp}/run",
    "train, repeated": "train --from {tmp}/run/run.json {tmp}/new",
    "train, with a teacher": "train cyclegan_counterfactual {story}/store {tmp}/new --classifier {tmp}/classifier",
    "classify": "classify {story}/store {tmp}/classifier",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("name", ["planted.gan", "unittest.__main__"])
def test_no_file_names_a_module_to_run(command, name, foreign, story, capsys):
    for file, field in (("run/run.json", "method"), ("classifier/classifier.json", "network")):
        name_module(foreign / file, field, name)
    assert run(*(part.format(tmp=foreign, story=story) for part in command.split())) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (foreign / "ran").exists()


def test_the_user_may_name_a_module_for_any_command(foreign, capsys):
    assert run("generate", foreign / "run", foreign / "out") == 2
    assert "ganoscope --module planted.gan COMMAND" in capsys.readouterr().err.replace("\n", " ")
    assert run("--module", "planted.gan", "generate", foreign / "run", foreign / "out") == 2
    assert (foreign / "ran").exists()  # it is imported, and then refused because it is no method
    assert "planted.gan does not fit methods" in capsys.readouterr().err
