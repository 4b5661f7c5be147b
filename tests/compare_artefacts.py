"""Compares the artefacts of two commits byte by byte, for `tests/equivalence.sh`.

Left out are times, versions and commits; pseudonyms, whose salt is random, count by the order in which they appear.
Sentences, and pictures with words in them, are listed apart: wording may change. So are files that only the newer
commit writes.
"""

import csv
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

VOLATILE = {"started", "git_commit", "versions", "seconds", "message", "interval"}
"""Keys of JSON files and columns of tables that may differ between two runs of one commit, or are sentences."""
PSEUDONYMS = ("patient",)
"""Columns of pseudonyms."""
PAGES = (".html", ".txt")
DRAWN = ("figures", "pictures", "panels")
"""Folders of pictures with words in them."""


def strip(value: Any, work: str) -> Any:
    """Returns JSON content without what may differ, and without the folder that the commands ran in."""
    if isinstance(value, dict):
        return {key: strip(entry, work) for key, entry in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [strip(entry, work) for entry in value]
    return value.replace(work, "") if isinstance(value, str) else value


def read_table(path: Path) -> list[dict[str, object]]:
    """Returns the rows of a CSV file without what may differ."""
    known: dict[str, int] = {}
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {
                key: known.setdefault(value, len(known)) if key in PSEUDONYMS else value
                for key, value in row.items()
                if key not in VOLATILE
            }
            for row in csv.DictReader(file)
        ]


def read(path: Path, work: str) -> bytes:
    """Returns a file's content without what may differ."""
    if path.suffix == ".json":
        return json.dumps(strip(json.loads(path.read_text(encoding="utf-8")), work), sort_keys=True).encode()
    return json.dumps(read_table(path)).encode() if path.suffix == ".csv" else path.read_bytes()


def hash_files(root: Path) -> dict[str, str]:
    """Returns the hash of every artefact by its path; TensorBoard's events, which hold the time, are left out."""
    work = str(root.resolve().parent)
    files = sorted(path for path in root.rglob("*") if path.is_file() and "tfevents" not in path.name)
    return {str(path.relative_to(root)): hashlib.sha256(read(path, work)).hexdigest() for path in files}


def has_words(name: str) -> bool:
    """Tells whether a file is a page, a summary or a picture with words in it."""
    return name.endswith(PAGES) or any(part in DRAWN for part in Path(name).parts) or name.endswith("contact_sheet.png")


def main(old: Path, new: Path) -> int:
    """Lists what differs, and returns 1 where that is more than wording and new files."""
    before, after = hash_files(old), hash_files(new)
    different = [name for name in sorted(before) if before[name] != after.get(name)]
    worded = [name for name in different if has_words(name) and name in after]
    numbers = [name for name in different if name not in worded]
    added = sorted(after.keys() - before.keys())
    listed = {"differ": numbers, "differ in wording or drawing": worded, "are new": added}
    for title, names in listed.items():
        print(f"{len(names):,} of {len(before):,} artefacts {title}", *names, sep="\n  ")
    return int(bool(numbers))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
