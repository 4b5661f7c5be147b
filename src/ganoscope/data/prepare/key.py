"""The key: which file and which patient stands behind which number of a store. It lies beside the store, never in it.

Whoever has it can undo the pseudonyms. It is made so that the hospital or the researcher who holds the source can find
a bad file again; a store can be given away without it.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from ganoscope.errors import UserError
from ganoscope.files import escape_unprintable, read_csv, replacing, save_csv

KEY_COLUMNS = ("source", "name", "patient_id", "patient", "reason")
OWNER_ONLY = 0o600


def find_key_path(store: Path, key: Path | None) -> Path:
    """Returns where a store's key lies: beside it, unless another file is named.

    Raises:
        UserError: The file is inside the store, or exists: a key is never overwritten, it may be another store's.
    """
    path = key or store.with_name(f"{store.name}.key.csv")
    if path.resolve().is_relative_to(store.resolve()):
        raise UserError(f"the key can't lie in the store: got {path}; allowed: a file elsewhere, kept private.")
    if path.exists():
        raise UserError(
            f"{path} exists, and may be the only key to an earlier store; nothing is overwritten. Move it away, or "
            "name another file with --key."
        )
    return path


def save_key(folder: Path, pseudonyms: Mapping[str, str]) -> None:
    """Writes `key.csv` into an unfinished store, readable by its owner alone."""
    path = folder / "key.csv"
    save_csv(path, KEY_COLUMNS, iterate_key(folder, pseudonyms))
    path.chmod(OWNER_ONLY)


def iterate_key(folder: Path, pseudonyms: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yields a row for every source file, first those taken, then those not."""
    last = ""
    for table in ("rows.csv", "rejected.csv"):
        for row in read_csv(folder / table, "surrogateescape"):
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
    """Moves `key.csv` from an unfinished store to its place, which may be on another disk."""
    if (folder / "key.csv").exists():
        with replacing(path) as partial:
            shutil.copy(folder / "key.csv", partial)
            partial.chmod(OWNER_ONLY)
        (folder / "key.csv").unlink()
