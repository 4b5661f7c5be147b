"""MedMNIST's own client (https://github.com/MedMNIST/MedMNIST), an optional extra, for addresses and checksums.

The file itself is fetched here: the client's `download` needs a working torchvision, and hides why it failed.
"""

import contextlib
import hashlib
import importlib
import io
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from ganoscope.data.fetch import SIZES, FetchError, Source
from ganoscope.progress import timed

TIMEOUT_SECONDS = 60
BLOCK = 1 << 20


def load() -> Any:
    """Returns the client's table of data sets.

    Raises:
        FetchError: It is not installed.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # it prints advice where parts of it can't be imported
        try:
            return importlib.import_module("medmnist").INFO
        except ImportError as error:
            raise FetchError(f'MedMNIST\'s client is missing ({error}). `pip install "ganoscope[fetch]"`.') from None


def download(table: Any, source: Source, folder: Path, size: int) -> None:
    """Downloads a set's `.npz` into a folder and compares it with the checksum in the client.

    Raises:
        FetchError: There is no network, not enough room, or the file is not the one that the client describes.
    """
    flag = f"_{size}" if size > SIZES[0] else ""
    info = table.get(source.key, {})
    address, checksum = info.get(f"url{flag}", ""), info.get(f"MD5{flag}", "")
    if not address.startswith("https://") or not checksum:
        raise FetchError(f"this version of MedMNIST's client knows no {source.key}{flag}. `pip install -U medmnist`.")
    target = folder / f"{source.key}{flag}.npz"
    try:
        with timed(f"downloading {target.name}"):
            found = copy(address, target)
    except urllib.error.HTTPError as error:
        raise FetchError(f"Zenodo answers with status {error.code}. Try again later.") from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise FetchError(
            f"no connection to Zenodo ({type(error).__name__}). Is there a network, or a proxy to set in HTTPS_PROXY?"
        ) from None
    if found != checksum:
        raise FetchError("the download is damaged: its checksum differs from the client's. Try again.")


def copy(address: str, target: Path) -> str:
    """Downloads a file and returns its MD5, the checksum that MedMNIST publishes.

    Raises:
        FetchError: There is not enough room.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer, target.open("wb") as file:
        needed, free = int(answer.headers.get("Content-Length") or 0), shutil.disk_usage(target.parent).free
        if needed > free:
            raise FetchError(f"not enough room: {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free.")
        while block := answer.read(BLOCK):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()
