"""Files are written and removed by `ganoscope.files`, which follows no link, or in new folders of ours."""

import ast

import pytest
from tests.fixtures.source import FILES, name_file, parse

REMOVING = {"rmtree", "unlink", "rmdir", "removedirs"}
WRITING = {"write_text", "write_bytes", "mkdir", "touch", "symlink_to", "makedirs", "copyfile", "copytree"}
MODES = {"w", "wb", "a", "ab", "x", "xb", "r+b", "w+b", "r+"}
REASONS = {
    "parallel/one_process.py": "the null device, which a copied process writes to",
    "files/__init__.py": "the one place",
    "locks.py": "lock files, opened without following links, and private temporary folders",
    "data/prepare/unfinished.py": "the hidden folder, checked by `claim`, and the empty destination",
    "data/prepare/ingest.py": "the hidden folder, checked by `claim`",
    "data/prepare/listing.py": "the hidden folder, checked by `claim`",
    "data/phantoms/phantom_store.py": "a new folder",
    "data/fetch/clients/archive.py": "a new folder, files that must not exist",
    "data/fetch/clients/medmnist.py": "a new folder",
    "data/writers/nifti.py": "a new folder",
    "data/writers/npz.py": "a new folder",
    "data/arrays.py": "into the temporary name that `replacing` checks",
    "counterfactuals/results/conclusion.py": "a new folder",
    "counterfactuals/results/folder.py": "a new folder",
    "explanation/results.py": "a new folder",
    "explanation/drawing/map_panels.py": "a new folder",
    "reports/kit/chart_files.py": "into the temporary name that `replacing` checks",
    "reports/classifier/page.py": "into the temporary name that `replacing` checks",
    "reports/study/artefacts.py": "a study's folder, whose lock is held",
    "audits/card.py": "into the temporary name that `replacing` checks",
    "reports/audit/page.py": "into the temporary name that `replacing` checks",
    "reports/audit/scorecard_text.py": "into the temporary name that `replacing` checks",
    "reports/study/page.py": "into the temporary name that `replacing` checks",
    "studies/analysis/analysing.py": "a study's folder, whose lock is held",
    "reports/store/page.py": "into the temporary name that `replacing` checks",
    "workflows/report.py": "into the temporary name that `replacing` checks",
    "workflows/demo.py": "a folder whose lock is held, which checks it",
    "studies/families/random_features.py": "the folder of a task's result",
    "tasks/attempt.py": "the hidden folder of a result, in a folder whose lock is held",
    "training/preflight.py": "a run folder whose lock is held, which checks it",
    "training/run_folder/history.py": "into the temporary name that `replacing` checks",
    "cli/_streams.py": "the null device",
    "data/dicom/frames.py": "the null device",
}


def is_write(node):
    """Tells whether a call writes, makes or removes a file or folder."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in REMOVING | WRITING:
        return True
    modes = {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return name == "open" and bool(modes & MODES)


WRITERS = {name_file(file) for file in FILES if any(map(is_write, ast.walk(parse(file))))}


def test_every_other_module_writes_through_one_room():
    assert sorted(WRITERS - set(REASONS)) == [], "use ganoscope.files, or state here why no link can be followed"


def test_every_reason_is_needed():
    assert sorted(set(REASONS) - WRITERS) == []


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("path.write_text('x')", True),
        ("shutil.rmtree(path)", True),
        ("path.open('a', newline='')", True),
        ("open(path, 'r+b')", True),
        ("path.open('rb')", False),
        ("path.read_text()", False),
        ("Image.open(path)", False),
    ],
)
def test_writes_are_recognised(call, found):
    assert is_write(ast.parse(call, mode="eval").body) is found
