"""Downloads: clients are called as theirs say, archives can't harm, and whatever is missing the user learns a way."""

import hashlib
import io
import json
import os
import shutil
import stat
import sys
import urllib.error
import urllib.request
import zipfile
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.cli import execute
from ganoscope.data.fetch import FetchConfig, FetchError, available, describe_source, find_source
from ganoscope.data.fetch.clients import archive as _archive
from ganoscope.errors import UserError
from ganoscope.files import partial_name
from ganoscope.workflows.fetch import fetch

KAGGLE = ("rsna", "paediatric-cxr", "brain-mri")
MEDMNIST = tuple(name for name in available() if name.endswith("mnist"))
SECRET = "KGAT_0123456789abcdef"


def make_zip(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return buffer.getvalue()


def make_link(name):
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.fixture
def kaggle(monkeypatch):
    """Puts a made-up Kaggle client in place of the real one; returns the calls that it gets."""

    def install(content=b"", download=None, login=None):
        calls = []

        class KaggleApi:
            def authenticate(self):
                print("Authentication required")
                if login:
                    raise login

            def get(self, kind, key, path, quiet):
                calls.append((kind, key))
                print(SECRET)
                if download:
                    raise download
                with open(os.path.join(path, key.split("/")[-1] + ".zip"), "wb") as file:  # noqa: PTH118, PTH123
                    file.write(content)

            def dataset_download_files(self, dataset, path=None, force=False, quiet=True, unzip=False):
                self.get("dataset", dataset, path, quiet)

            def competition_download_files(self, competition, path=None, force=False, quiet=True):
                self.get("competition", competition, path, quiet)

        module = ModuleType("kaggle.api.kaggle_api_extended")
        module.KaggleApi = KaggleApi
        for name in ("kaggle", "kaggle.api"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return calls

    return install


@pytest.fixture
def medmnist(monkeypatch):
    """Puts a made-up MedMNIST client and a made-up Zenodo in place of the real ones."""

    def install(content=b"content", checksum=None, error=None, key="pneumoniamnist", length=None):
        asked = []
        flags = ("", "_64", "_128", "_224")
        digest = checksum or hashlib.md5(content).hexdigest()
        info = {f"url{flag}": f"https://zenodo.test/{key}{flag}.npz" for flag in flags}
        module = ModuleType("medmnist")
        module.INFO = {key: {**info, **{f"MD5{flag}": digest for flag in flags}}}
        monkeypatch.setitem(sys.modules, "medmnist", module)

        def answer(address, timeout):
            asked.append(address)
            if error:
                raise error
            reply = io.BytesIO(content)
            reply.headers = {"Content-Length": str(length or len(content))}
            return reply

        monkeypatch.setattr(urllib.request, "urlopen", answer)
        return asked

    return install


def assert_nothing_left(folder):
    assert not folder.exists()
    assert not partial_name(folder).exists()


def test_every_data_set_states_page_licence_and_citation():
    assert set(KAGGLE) | {"pneumoniamnist"} <= set(available())
    for name in available():
        source = find_source(name)
        text = describe_source(source)
        assert all(part in text for part in (source.page, source.licence, source.citation))
        assert source.page.startswith("https://")
        assert source.client == "medmnist" if name in MEDMNIST else source.client.startswith("kaggle")


def test_an_unknown_name_is_answered_with_those_known(tmp_path):
    with pytest.raises(UserError, match=r"no data set called mnist.*brain-mri.*pneumoniamnist.*rsna"):
        fetch("mnist", tmp_path / "out")


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


@pytest.mark.parametrize(("size", "flag"), [(0, ""), (28, ""), (64, "_64"), (224, "_224")])
def test_medmnist_sets_come_as_npz_of_the_size_asked_for(medmnist, tmp_path, size, flag):
    asked = medmnist(b"arrays")
    out = fetch("pneumoniamnist", tmp_path / "out", FetchConfig(size))
    assert asked == [f"https://zenodo.test/pneumoniamnist{flag}.npz"]
    assert (out / f"pneumoniamnist{flag}.npz").read_bytes() == b"arrays"


@pytest.mark.parametrize(
    ("name", "size", "allowed"), [("rsna", 64, "one size only"), ("octmnist", 32, "28, 64, 128, 224")]
)
def test_sizes_that_do_not_exist_are_refused(tmp_path, name, size, allowed):
    with pytest.raises(UserError, match=rf"got {size}.*{allowed}"):
        fetch(name, tmp_path / "out", FetchConfig(size))


@pytest.mark.parametrize("name", available())
def test_without_the_client_the_message_says_how_to_install_it_and_what_to_do_by_hand(monkeypatch, tmp_path, name):
    for module in ("kaggle", "kaggle.api", "kaggle.api.kaggle_api_extended", "medmnist"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError) as error:
        fetch(name, tmp_path / "out")
    text, source = str(error.value), find_source(name)
    assert 'pip install "ganoscope[fetch]"' in text
    for part in (source.page, f"Download {source.file.format(size='')}", f"ganoscope prepare {tmp_path / 'out'} STORE"):
        assert part in text
    assert_nothing_left(tmp_path / "out")


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


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"error": urllib.error.URLError("no route")}, "no connection to Zenodo"),
        ({"error": TimeoutError()}, "no connection to Zenodo"),
        ({"error": urllib.error.HTTPError("https://x", 404, "gone", {}, None)}, "status 404"),
        ({"checksum": "0" * 32}, "checksum differs"),
        ({"length": 1 << 60}, "not enough room"),
        ({"key": "octmnist"}, "does not know pneumoniamnist"),
    ],
)
def test_whatever_fails_with_medmnist_leaves_nothing_and_a_way(medmnist, tmp_path, options, says):
    medmnist(**options)
    with pytest.raises(UserError, match=rf"{says}[\s\S]*By hand.*Download pneumoniamnist_64\.npz.*Put it into"):
        fetch("pneumoniamnist", tmp_path / "out", FetchConfig(64))
    assert_nothing_left(tmp_path / "out")


def test_a_folder_with_content_is_never_written_to(kaggle, tmp_path):
    calls = kaggle(make_zip({"a.png": b""}))
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty"):
        fetch("rsna", tmp_path)
    assert (calls, os.listdir(tmp_path)) == ([], ["mine.txt"])  # noqa: PTH208


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("../evil.txt", "lead out of the folder"),
        ("a/../../evil.txt", "lead out of the folder"),
        ("/evil.txt", "lead out of the folder"),
        ("..\\evil.txt", "lead out of the folder"),
        ("C:\\evil.txt", "lead out of the folder"),
        (make_link("link"), "symbolic link"),
    ],
)
def test_archives_that_reach_outside_are_refused_whole(kaggle, tmp_path, member, says):
    kaggle(make_zip({"good.png": b"good", member: b"/etc/passwd"}))
    with pytest.raises(UserError, match=rf"not safe to unpack: 1 .*{says}"):
        fetch("rsna", tmp_path / "sub" / "out")
    assert_nothing_left(tmp_path / "sub" / "out")
    assert not list(tmp_path.rglob("evil*"))


def test_bombs_are_refused_before_they_are_unpacked(kaggle, tmp_path):
    kaggle(make_zip({"bomb.png": bytes(50_000_000)}))
    with pytest.raises(UserError, match=r"it would grow \d[\d,]*-fold; allowed: 200-fold"):
        fetch("rsna", tmp_path / "out")
    assert_nothing_left(tmp_path / "out")


def test_archives_larger_than_the_disk_are_refused(kaggle, tmp_path, monkeypatch):
    kaggle(make_zip({"a.png": os.urandom(5000)}))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4000))
    with pytest.raises(UserError, match=r"0\.0 GB needed, 0\.0 GB free"):
        fetch("rsna", tmp_path / "out")


@pytest.mark.parametrize("damage", ["cut", "garbled", "no archive"])
def test_damaged_archives_are_told(kaggle, tmp_path, damage):
    content = make_zip({"a.png": os.urandom(5000)})
    garbled = content[:1000] + bytes(500) + content[1500:]
    kaggle({"cut": content[:-300], "garbled": garbled, "no archive": b"<html>sign in</html>"}[damage])
    with pytest.raises(UserError, match=r"the archive is damaged or incomplete.*\n.*By hand"):
        fetch("rsna", tmp_path / "out")
    assert_nothing_left(tmp_path / "out")


def test_encrypted_and_repeated_members_are_faults():
    one, two = zipfile.ZipInfo("a.png"), zipfile.ZipInfo("a.png")
    two.flag_bits |= 1
    assert _archive.find_faults([one, two], 1, 1) == ["1 encrypted file(s)", "1 name(s) that occur twice"]


def test_a_nested_copy_and_macos_leavings_are_left_out_but_nothing_that_differs(kaggle, tmp_path):
    same, other = b"same", b"other"
    files = {
        "chest_xray/train/1.jpeg": same,
        "chest_xray/chest_xray/train/1.jpeg": same,
        "chest_xray/chest_xray/train/2.jpeg": other,
        "chest_xray/__MACOSX/train/._1.jpeg": b"x",
        "windows\\3.jpeg": b"three",
    }
    kaggle(make_zip(files))
    out = fetch("paediatric-cxr", tmp_path / "out")
    found = {path.relative_to(out).as_posix() for path in out.rglob("*.jpeg")}
    assert found == {"chest_xray/train/1.jpeg", "chest_xray/chest_xray/train/2.jpeg", "windows/3.jpeg"}


@given(st.lists(st.sampled_from(["..", ".", "a", "b c", "", "C:", "é"]), min_size=1, max_size=5))
def test_a_name_taken_as_inside_never_leaves_the_folder(parts):
    name = "/".join(parts)
    if _archive.is_inside(name):
        assert os.path.normpath(os.path.join("/root/folder", name)).startswith("/root/folder")  # noqa: PTH118


def test_the_command_shows_licence_first_and_the_next_step_last(kaggle, tmp_path, capsys):
    kaggle(make_zip({"a.png": b"a"}))
    assert execute(["fetch", "paediatric-cxr", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().err
    assert text.index("licence: CC BY 4.0") < text.index("downloading") < text.index("next: ganoscope prepare")
    kaggle(download=ConnectionError())
    assert execute(["fetch", "brain-mri", str(tmp_path / "other")]) == 2
    assert "By hand" in capsys.readouterr().err


def test_a_failure_is_a_fetch_error_with_no_path_of_the_unfinished_folder(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(FetchError) as error:
        _archive.unpack(tmp_path / "a.zip", tmp_path)
    assert str(tmp_path) not in str(error.value)
