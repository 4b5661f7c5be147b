"""Results on disk: a folder per task, named by its key, with a record `task.json` that is written last.

A result counts only where its record and its files agree. Files of up to `SMALL_BYTES` are always hashed; larger ones
where size, time of modification or time of the last change of the entry differ from the record, as after a copy.
"""

import hashlib
import json
import os
import platform
import socket
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ganoscope.errors import UserError
from ganoscope.files import compute_sha256, flush_to_disk, save_json
from ganoscope.files.records import load_record
from ganoscope.tasks.task import compute_key

RECORD = "task.json"
SCHEMA_VERSION = 1
SMALL_BYTES = 64 << 10
LIBRARIES = ("ganoscope", "torch", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class KeptFile:
    """One file of a result.

    Attributes:
        size: Bytes.
        sha256: Hash of its bytes.
        stamp: Times of modification and of the last change of the entry, in ns.
    """

    size: int
    sha256: str
    stamp: tuple[int, int]


@dataclass(frozen=True)
class Record:
    """What is written beside a result.

    Attributes:
        key: Key of the task.
        name: Its name for people.
        work: What the key is the hash of.
        read: Contents of the results that were read, by name.
        content: Hash of all files and their names: equal results have equal contents.
        files: Files by path inside the folder.
        versions: Versions of Python and the numerical libraries.
        host: Machine.
        started: Date and time.
        seconds: Time that the function took.
        peak_mib: Most memory of the process.
    """

    key: str
    name: str
    work: dict[str, Any]
    read: dict[str, str]
    content: str
    files: dict[str, KeptFile]
    versions: dict[str, str]
    host: str
    started: str
    seconds: float
    peak_mib: float


class UnlikeRecordError(UserError):
    """A result and its record do not agree; the message says where."""


@cache
def list_task_versions() -> dict[str, str]:
    """Returns the versions of Python and the libraries that results depend on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def find_files(folder: Path) -> dict[str, os.stat_result]:
    """Returns the state of all files of a result by path inside it, without the record.

    Raises:
        UnlikeRecordError: There is a link or something else that is no plain file.
    """
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            state = path.lstat()
            if not stat.S_ISREG(state.st_mode):
                raise UnlikeRecordError(f"{path.relative_to(folder)} is no plain file")
            found[path.relative_to(folder).as_posix()] = state
    linked = [path for path, folders, _ in os.walk(folder) if any((Path(path) / one).is_symlink() for one in folders)]
    if linked:
        raise UnlikeRecordError("it holds a link to a folder")
    found.pop(RECORD, None)
    return dict(sorted(found.items()))


def keep_file(path: Path) -> KeptFile:
    """Returns what a record says about a file, which is on disk afterwards."""
    flush_to_disk(path)
    state = path.lstat()
    return KeptFile(state.st_size, compute_sha256(path), read_stamp(state))


def read_stamp(state: os.stat_result) -> tuple[int, int]:
    """Returns the times that tell a changed file."""
    return state.st_mtime_ns, state.st_ctime_ns


def compute_content(files: Mapping[str, KeptFile]) -> str:
    """Returns the hash of all files and their names."""
    named = {name: file.sha256 for name, file in files.items()}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def write_record(
    folder: Path, work: dict[str, Any], name: str, read: dict[str, str], seconds: float, peak_mib: float
) -> Record:
    """Writes and returns the record of a finished result.

    Args:
        folder: Folder of the result.
        work: What the key is the hash of.
        name: The task's name for people.
        read: Contents of the results that were read.
        seconds: Time that the function took.
        peak_mib: Most memory of the process.

    Raises:
        UnlikeRecordError: The function left something else than plain files.
    """
    files = {path: keep_file(folder / path) for path in find_files(folder)}
    started = datetime.fromtimestamp(datetime.now(UTC).timestamp() - seconds, UTC)
    record = Record(
        compute_key(work),
        name,
        work,
        read,
        compute_content(files),
        files,
        list_task_versions(),
        socket.gethostname(),
        started.strftime("%Y-%m-%d %H:%M:%S UTC"),
        round(seconds, 3),
        round(peak_mib, 1),
    )
    save_record(folder, record)
    return record


def save_record(folder: Path, record: Record) -> None:
    """Writes the record of a result."""
    save_json(folder / RECORD, {"schema_version": SCHEMA_VERSION, **asdict(record)})


def verify_result(folder: Path, key: str, read: Mapping[str, str], thorough: bool = False) -> Record:
    """Returns the record of a result that agrees with it.

    Args:
        folder: Folder of the result.
        key: Key of the task.
        read: Contents of the results that it reads as they are now.
        thorough: Whether every file is hashed.

    Raises:
        UnlikeRecordError: They do not agree, or it was made from other results.
    """
    try:
        record = load_record(folder / RECORD, Record, SCHEMA_VERSION)
        known = compute_key(record.work) == record.key == key and record.content == compute_content(record.files)
    except (UserError, TypeError, ValueError) as error:
        raise UnlikeRecordError(str(error)) from None
    if not known:
        raise UnlikeRecordError(f"{RECORD} was changed")
    if record.read != dict(read):
        raise UnlikeRecordError("it was made from other results than those of now")
    return compare_files(folder, record, thorough)


def read_content(folder: Path) -> str:
    """Returns the hash of a result's files, as its record states it.

    Raises:
        UserError: There is no record, or it is damaged.
    """
    return load_record(folder / RECORD, Record, SCHEMA_VERSION).content


def compare_files(folder: Path, record: Record, thorough: bool) -> Record:
    """Returns a record whose files are as it says; with new times where files are merely copies.

    Args:
        folder: Folder of the result.
        record: Its record.
        thorough: Whether every file is hashed.

    Raises:
        UnlikeRecordError: A file is missing, or there are more, or one has other bytes.
    """
    found = find_files(folder)
    for name in sorted(found.keys() ^ record.files.keys()):
        raise UnlikeRecordError(f"{name} {'is missing' if name in record.files else 'is not in the record'}")
    renewed = {}
    for name, state in found.items():
        kept = record.files[name]
        same_times = read_stamp(state) == kept.stamp
        trusted = same_times and state.st_size > SMALL_BYTES and not thorough
        if state.st_size != kept.size or not (trusted or compute_sha256(folder / name) == kept.sha256):
            raise UnlikeRecordError(f"{name} has other bytes")
        if not same_times:
            renewed[name] = replace(kept, stamp=read_stamp(state))
    if renewed:
        record = replace(record, files={**record.files, **renewed})
        save_record(folder, record)
    return record
