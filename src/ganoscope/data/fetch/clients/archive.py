"""Unpacks a ZIP archive from an untrusted source: no file leaves the folder, no archive fills the disk."""

import re
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ganoscope.data.fetch import FetchError
from ganoscope.errors import write_count

MAX_RATIO = 200
"""Largest ratio of the declared size to the archive's size: images reach 20, decompression bombs thousands."""
SKIPPED_FOLDER = "__MACOSX"
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks an archive into a folder, without a nested second copy of its content.

    Raises:
        FetchError: The archive is damaged, holds names or links that point outside the folder, or needs more disk
            space than is free.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            members = [member for member in content.infolist() if not member.is_dir()]
            for member in members:
                member.filename = member.filename.replace("\\", "/")  # some archives made on Windows use backslashes
            faults = find_faults(members, archive.stat().st_size, shutil.disk_usage(folder).free)
            if faults:
                raise FetchError(f"the archive is not safe to unpack: {'; '.join(faults)}.")
            for member in choose(members):
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with content.open(member) as packed, target.open("xb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
    except DAMAGED:
        raise FetchError("the archive is damaged or incomplete. Try again.") from None


def find_faults(members: Sequence[zipfile.ZipInfo], packed_bytes: int, free_bytes: int) -> list[str]:
    """Returns why an archive must not be unpacked.

    Args:
        members: Files in the archive.
        packed_bytes: Size of the archive.
        free_bytes: Free disk space.
    """
    total = sum(member.file_size for member in members)
    counts = {
        ("name that leads out of the folder", "names that lead out of the folder"): sum(
            not is_inside(member.filename) for member in members
        ),
        ("symbolic link or other special file", "symbolic links or other special files"): sum(
            is_special(member) for member in members
        ),
        ("encrypted file", "encrypted files"): sum(bool(member.flag_bits & 1) for member in members),
        ("name that occurs twice", "names that occur twice"): sum(
            n > 1 for n in Counter(member.filename for member in members).values()
        ),
    }
    faults = [write_count(count, *what) for what, count in counts.items() if count]
    if total > MAX_RATIO * packed_bytes:
        faults.append(f"it would grow {total / max(1, packed_bytes):,.0f}-fold; allowed: {MAX_RATIO}-fold")
    if total > free_bytes:
        faults.append(f"{total / 1e9:,.1f} GB needed, {free_bytes / 1e9:,.1f} GB free")
    return faults


def is_inside(name: str) -> bool:
    """Tells whether the path of an archive member stays inside the folder on every operating system.

    Example:
        >>> is_inside("a/b.png"), is_inside("../b.png"), is_inside("C:b.png")
        (True, False, False)
    """
    parts = name.split("/")
    return bool(parts[0]) and ".." not in parts and not re.match(r"[A-Za-z]:", name)


def is_special(member: zipfile.ZipInfo) -> bool:
    """Tells whether an archive member is a link, a device or another special file."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    return kind not in (0, stat.S_IFREG)


def choose(members: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Returns the files to unpack, without macOS metadata and without a nested copy of the same content.

    The archive of the paediatric chest X-rays holds `chest_xray/chest_xray/...`, a byte-for-byte copy of
    `chest_xray/...`.
    """
    contents = {member.filename: (member.CRC, member.file_size) for member in members}
    return [
        member
        for member in members
        if SKIPPED_FOLDER not in PurePosixPath(member.filename).parts
        and contents.get(find_twin(member.filename)) != (member.CRC, member.file_size)
    ]


def find_twin(name: str) -> str:
    """Returns the path without its repeated first folder; "" where none is repeated.

    Example:
        >>> find_twin("chest_xray/chest_xray/train/1.jpeg")
        'chest_xray/train/1.jpeg'
    """
    first, _, rest = name.partition("/")
    return rest if rest.startswith(f"{first}/") else ""
