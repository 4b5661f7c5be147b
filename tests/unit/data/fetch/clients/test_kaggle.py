"""Kaggle's client: every failure is told apart, no token is shown."""

import json
from types import SimpleNamespace

import pytest
from tests.fixtures.archives import SECRET, assert_nothing_left, make_zip

from ganoscope.data.fetch import find_source
from ganoscope.errors import UserError
from ganoscope.workflows.fetch import fetch


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("rsna", ("competition", "rsna-pneumonia-detection-challenge")),
        ("paediatric-cxr", ("dataset", "paultimothymooney/chest-xray-pneumonia")),
        ("brain-mri", ("dataset", "masoudnickparvar/brain-tumor-mri-dataset")),
    ],
)
def test_kaggle_sets_are_downloaded_unpacked_and_recorded(kaggle, tmp_path, capfd, name, call):
    calls = kaggle(make_zip({"a/1.png": b"one", "a/b/2.png": b"two"}))
    out = fetch(name, tmp_path / "new" / "out")
    assert calls == [call]
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    record = json.loads(files.pop(".ganoscope-source.json"))
    assert files == {"a/1.png": b"one", "a/b/2.png": b"two"}
    assert record["licence"] == find_source(name).licence
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "error", [SystemExit(1), OSError("Could not find kaggle.json"), ValueError("Missing username")]
)
def test_missing_kaggle_credentials_are_explained_and_end_nothing(kaggle, tmp_path, capfd, error):
    kaggle(login=error)
    with pytest.raises(UserError, match=r"finds no credentials.*kaggle\.com/settings.*\n.*By hand: 1\. Visit"):
        fetch("rsna", tmp_path / "out")
    assert "Authentication required" not in "".join(capfd.readouterr())
    assert_nothing_left(tmp_path / "out")


def http_error(status, attribute):
    error = OSError(f"{status} Client Error for url with {SECRET}")
    error.response = SimpleNamespace(status_code=status) if attribute == "response" else None
    error.status = status if attribute == "status" else None
    return error


@pytest.mark.parametrize("attribute", ["response", "status"])
@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "refuses the credentials"), (403, "accept the rules"), (404, "it may have been moved"), (503, "status 503")],
)
def test_kaggles_refusals_are_told_apart(kaggle, tmp_path, attribute, status, says):
    kaggle(download=http_error(status, attribute))
    with pytest.raises(UserError, match=says) as error:
        fetch("rsna", tmp_path / "out")
    assert "By hand" in str(error.value)
    assert SECRET not in str(error.value)
    assert_nothing_left(tmp_path / "out")


@pytest.mark.parametrize("error", [ConnectionError("no route"), TimeoutError(110, "timed out"), RuntimeError("?")])
def test_no_network_on_the_way_to_kaggle_is_told(kaggle, tmp_path, error):
    kaggle(download=error)
    with pytest.raises(UserError, match=r"no connection to Kaggle.*network"):
        fetch("brain-mri", tmp_path / "out")
    assert_nothing_left(tmp_path / "out")


def test_a_full_disk_is_not_taken_for_a_network_error(kaggle, tmp_path):
    kaggle(download=OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        fetch("brain-mri", tmp_path / "out")
    assert_nothing_left(tmp_path / "out")
