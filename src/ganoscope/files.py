"""Atomic writes: a reader sees either the old state or the new one, never a partial file.

Everything is written beside its destination under a hidden `.partial` name and then renamed, which is atomic on one
file system. A process killed midway leaves only a `.partial`, which `remove_leftovers` deletes on the next start.

"""

import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ganoscope.errors import UserError


def partial_name(path: Path) -> Path:
    """Returns the hidden name beside `path` under which it is written."""
    return path.with_name(f".{path.name}.partial")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary file name; on success the file replaces `path`, on failure it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(path)
    try:
        yield partial
        flush_to_disk(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder; on success it is renamed to `path`, on failure it is removed.

    Raises:
        UserError: `path` is a file or a folder with content, or has no name, such as `.`.
    """
    if path.name in ("", ".."):
        raise UserError(f"destination has no name: got {path}; allowed: a new folder, such as {path / 'out'}.")
    refuse_existing(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(path)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                flush_to_disk(file)
        partial.replace(path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def refuse_existing(path: Path) -> None:
    """Refuses a destination with content: nothing is ever overwritten.

    Raises:
        UserError: `path` is a file or a folder with content.
    """
    if path.is_file():
        raise UserError(f"destination {path} is a file; allowed: a new or an empty folder. Name another one.")
    if path.is_dir() and any(path.iterdir()):
        raise UserError(
            f"destination {path} exists and is not empty; allowed: a new or an empty folder. "
            "Name another one, or remove this one first."
        )


def flush_to_disk(path: Path) -> None:
    """Waits until the file's bytes are on disk, so that a rename can't overtake them."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def remove_leftovers(folder: Path) -> None:
    """Removes the `.partial` files and folders that a killed process left in `folder`."""
    for leftover in folder.glob(".*.partial"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def escape_unprintable(name: str) -> str:
    r"""Returns a file name safe in UTF-8 and CSV: control characters and invalid bytes are escaped (`\r`, `\udcff`).

    Example:
        >>> escape_unprintable("scan\r.png")
        'scan\\r.png'
    """
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", lambda match: ascii(match[0])[1:-1], name)


def shorten_path(path: str | Path, folder: Path) -> str:
    """Returns a path relative to a folder, as a file in that folder names it: without the folders above both.

    Example:
        >>> shorten_path("/data/store", Path("/data/runs/first"))
        '../../store'
    """
    try:
        return Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return Path(path).name


def lengthen_path(text: str, folder: Path) -> str:
    """Returns the whole path that a file in a folder names; files of earlier versions name it in full.

    Example:
        >>> lengthen_path("../../store", Path("/data/runs/first"))
        '/data/store'
    """
    return os.path.normpath(folder.resolve() / text)


def save_json(path: Path, content: Any) -> None:
    """Writes `content` as indented UTF-8 JSON, atomically."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
        UserError: The file is missing or is not valid JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; expected a file written by ganoscope.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is damaged: {error}. Restore it from a copy, or create it again.") from None


def save_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Writes rows as UTF-8 CSV with a header, atomically and row by row.

    Args:
        path: File to write.
        columns: Column names, in order.
        rows: Values by column name; a missing value becomes an empty field.
    """
    names = list(columns)
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([row.get(name, "") for name in names] for row in rows)


def read_csv(path: Path, errors: str = "strict") -> Iterator[dict[str, str]]:
    """Yields the rows of a CSV file written by ganoscope as dictionaries by column; `errors` as for `open`.

    Raises:
        UserError: A row has more or fewer fields than the header.
    """
    with path.open(newline="", encoding="utf-8", errors=errors) as file:
        rows = csv.reader(file)
        names = next(rows, [])
        for row in rows:
            if len(row) != len(names):
                found = f"line {rows.line_num} has {len(row)} fields, not {len(names)}"
                raise UserError(f"{path} is damaged: {found}. Restore it from a copy, or create it again.")
            yield dict(zip(names, row, strict=True))


def compute_sha256(*paths: Path) -> str:
    """Returns the hexadecimal SHA-256 of the concatenated bytes of the files, in constant memory."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
