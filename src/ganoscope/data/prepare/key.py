"""The key file of a store: source file and patient id behind each number and pseudonym. It is never part of the store.

With the key, pseudonyms can be reversed, so that the owner of the source can find an unusable file again. A store can
be shared without it.

"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from ganoscope.errors import UserError
from ganoscope.files import escape_unprintable, remove, replacing
from ganoscope.files.tables import read_csv, save_csv

KEY_COLUMNS = ("source", "name", "patient_id", "patient", "reason")
OWNER_ONLY = 0o600


def name_key(store: Path) -> Path:
    """Returns the default path of a store's key: beside the store."""
    return store.with_name(f"{store.name}.key.csv")


def find_key_path(store: Path, key: Path | None) -> Path:
    """Returns the path of a store's key after checking it: beside the store, unless another file is given.

    Raises:
        UserError: The file is inside the store, or exists: a key is never overwritten, since it may belong to another
            store.
    """
    path = key or name_key(store)
    if path.resolve().is_relative_to(store.resolve()):
        raise UserError(f"the key must not be inside the store: got {path}; allowed: a file elsewhere, kept private.")
    if path.exists():
        raise UserError(
            f"{path} exists, and may be the only key to an earlier store; nothing is overwritten. Move it, or name "
            "another file with --key."
        )
    return path


def save_key(folder: Path, pseudonyms: Mapping[str, str]) -> None:
    """Writes `key.csv` into an unfinished store, readable by its owner alone."""
    path = folder / "key.csv"
    save_csv(path, KEY_COLUMNS, iterate_key(folder, pseudonyms), OWNER_ONLY)


def iterate_key(folder: Path, pseudonyms: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yields a row for every source file: first the accepted files, then the rejected ones."""
    last = ""
    for table in ("rows.csv", "rejected.csv"):
        for row in read_csv(folder / table, errors="surrogateescape"):
            if table == "rows.csv" and row["number"] == last:
                continue
            last = row["number"]
            yield {
                "source": f"file-{int(last):07d}",
                "name": escape_unprintable(row["name"]),
                "patient_id": escape_unprintable(row["person"]),
                "patient": pseudonyms.get(row["person"], ""),
                "reason": row.get("reason", "") if table == "rejected.csv" else "",
            }


def publish_key(folder: Path, path: Path) -> None:
    """Moves `key.csv` from an unfinished store to its destination, which may be on another disk."""
    if (folder / "key.csv").exists():
        with replacing(path) as partial:
            shutil.copy(folder / "key.csv", partial)
            partial.chmod(OWNER_ONLY)
        remove(folder / "key.csv")
