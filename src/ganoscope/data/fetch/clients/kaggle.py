"""Kaggle's own client (https://github.com/Kaggle/kaggle-api), an optional extra.

Without credentials it prints messages and may end the process. Both are caught here, and its output is discarded, so
that no token enters a log.
"""

import contextlib
import errno
import importlib
import io
from pathlib import Path
from typing import Any

from ganoscope.data.fetch import FetchError, Source
from ganoscope.progress import CONSOLE, timed

CREDENTIALS = (
    "Make an API token at https://www.kaggle.com/settings (section API), and save it as ~/.kaggle/access_token or set "
    "KAGGLE_API_TOKEN; an older kaggle.json in ~/.kaggle works too."
)
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)


def load() -> Any:
    """Returns the authenticated client.

    Raises:
        FetchError: The client is not installed, or finds no credentials.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            module = importlib.import_module("kaggle.api.kaggle_api_extended")  # logs in on import, and may exit
            client = module.KaggleApi()
            client.authenticate()
        except ImportError as error:
            raise FetchError(f'Kaggle\'s client is missing ({error}). Run `pip install "ganoscope[fetch]"`.') from None
        except (OSError, ValueError, SystemExit):
            raise FetchError(f"Kaggle's client finds no credentials. {CREDENTIALS}") from None
    return client


def download(client: Any, source: Source, folder: Path, size: int) -> None:
    """Downloads the archive of a competition or data set; on a terminal the client shows its own progress bar.

    Args:
        client: Authenticated client.
        source: Data set.
        folder: Folder to download into.
        size: Unused: Kaggle has one size only.

    Raises:
        FetchError: There is no network connection, or Kaggle refuses.
        OSError: The disk is full or read-only.
    """
    get = client.competition_download_files if source.client.endswith("competition") else client.dataset_download_files
    with contextlib.redirect_stdout(io.StringIO()), timed("downloading from Kaggle"):
        try:
            get(source.key, path=str(folder), quiet=not CONSOLE.is_terminal)
        except (Exception, SystemExit) as error:
            if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                raise
            raise FetchError(explain(error, source)) from None
    if not any(folder.iterdir()):
        raise FetchError("Kaggle's client finished without downloading a file.")


def explain(error: BaseException, source: Source) -> str:
    """Returns the reason for a failed download, from the status of Kaggle's response."""
    status = getattr(getattr(error, "response", None), "status_code", None) or getattr(error, "status", None)
    if status == 401:
        return f"Kaggle refuses the credentials (401). {CREDENTIALS}"
    if status == 403:
        return f"Kaggle refuses access (403). Log in at {source.page} and accept the rules there first."
    if status == 404:
        return f"Kaggle knows no {source.client.split()[1]} {source.key} (404); it may have been moved."
    if status:
        return f"Kaggle answers with status {status}. Try again later."
    return f"no connection to Kaggle ({type(error).__name__}). Is there a network, or a proxy to set in HTTPS_PROXY?"
