"""MedMNIST's client: every size, and every failure leaves nothing."""

import hashlib
import io
import sys
import urllib.error
import urllib.request
from types import ModuleType

import pytest
from tests.fixtures.archives import assert_nothing_left

from ganoscope.data.fetch import FetchConfig
from ganoscope.errors import UserError
from ganoscope.workflows.fetch import fetch


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


@pytest.mark.parametrize(("size", "flag"), [(0, ""), (28, ""), (64, "_64"), (224, "_224")])
def test_medmnist_sets_come_as_npz_of_the_size_asked_for(medmnist, tmp_path, size, flag):
    asked = medmnist(b"arrays")
    out = fetch("pneumoniamnist", tmp_path / "out", FetchConfig(size))
    assert asked == [f"https://zenodo.test/pneumoniamnist{flag}.npz"]
    assert (out / f"pneumoniamnist{flag}.npz").read_bytes() == b"arrays"


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
