"""Compares the artefacts of two commits byte by byte, for `tests/equivalence.sh`.

Left out are times, versions and commits. Sentences, and pictures with words in them, are listed apart.
"""

import csv
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

VOLATILE = {"started", "git_commit", "versions", "seconds", "message", "key", "report", "interval"}
"""Keys of JSON files and columns of tables that may differ between two runs of one commit, or are sentences."""
PAGES = (".html", ".txt")
DRAWN = ("figures", "pictures", "panels")
"""Folders of pictures with words in them."""


def strip(value: Any) -> Any:
    """Returns JSON content without what may differ."""
    if isinstance(value, dict):
        return {key: strip(entry) for key, entry in value.items() if key not in VOLATILE}
    return [strip(entry) for entry in value] if isinstance(value, list) else value


def read(path: Path) -> bytes:
    """Returns a file's content without what may differ."""
    if path.suffix == ".json":
        return json.dumps(strip(json.loads(path.read_text())), sort_keys=True).encode()
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            rows = [{key: value for key, value in row.items() if key not in VOLATILE} for row in csv.DictReader(file)]
        return json.dumps(rows).encode()
    return path.read_bytes()


def hash_files(root: Path) -> dict[str, str]:
    """Returns the hash of every artefact by its path; TensorBoard's events, which hold the time, are left out."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and "tfevents" not in path.name)
    return {str(path.relative_to(root)): hashlib.sha256(read(path)).hexdigest() for path in files}


def has_words(name: str) -> bool:
    """Tells whether a file is a page, a summary or a picture with words in it."""
    return name.endswith(PAGES) or any(part in DRAWN for part in Path(name).parts) or name.endswith("contact_sheet.png")


def main(old: Path, new: Path) -> int:
    """Lists what differs, and returns 1 where that is more than wording."""
    before, after = hash_files(old), hash_files(new)
    names = sorted(before.keys() | after.keys())
    different = [name for name in names if before.get(name) != after.get(name)]
    worded = [name for name in different if has_words(name) and name in before and name in after]
    numbers = [name for name in different if name not in worded]
    for title, listed in (("differ", numbers), ("differ in wording or drawing", worded)):
        print(f"{len(listed):,} of {len(names):,} artefacts {title}", *listed, sep="\n  ")
    return int(bool(numbers))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
