"""The contact sheet of a separate folder of generated images, and what was screened out of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganoscope.errors import UserError
from ganoscope.evaluate.generated_folder import NEEDED, find_table, read_entry
from ganoscope.files.records import load_mapping
from ganoscope.files.tables import read_csv
from ganoscope.reports.kit.content import Section, Table
from ganoscope.reports.kit.pictures import open_picture, show_pixels

WIDTH_PX = 490
HEADER = ("Class", "Generated", "Kept", "Copies of training images", "Improbable class")
ALL = "all images"


def show_generated(folder: Path | None) -> Section:
    """Returns the contact sheet of a folder of generated images, with what was screened out; nothing of a store.

    Raises:
        UserError: The folder holds no generated images.
    """
    if folder is None or (folder / "store.json").exists():
        return Section()
    table, sheet = find_table(folder), folder / "contact_sheet.png"
    if not sheet.exists():
        raise UserError(
            f"no generated images at {folder}: contact_sheet.png is missing. Make them with `ganoscope generate`."
        )
    rows = list(read_csv(table, NEEDED))
    names = ", ".join(sorted({row["run"] for row in rows}))
    caption = f"The first of {len(rows):,} images in a separate folder of generated images (run {names})."
    provenance = folder / "provenance.json"
    screening = read_entry(load_mapping(provenance), "screening", dict, {}) if provenance.exists() else {}
    text, tables = describe_screening(screening)
    picture = show_pixels(open_picture(sheet, "L"), caption, "Contact sheet of generated images", WIDTH_PX)
    return Section(text, tables, pairs=(picture,))


def describe_screening(screening: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[Table, ...]]:
    """Returns what was screened out of generated images, in a sentence and a table by class.

    Args:
        screening: Entry of `provenance.json`; empty where nothing was screened.
    """
    if not screening:
        return ("The generated images were not screened: copies of training images may be among them.",), ()
    drawn, rejected = int(screening.get("drawn", 0)), int(screening.get("rejected", 0))
    share = f"{rejected / drawn:.1%}" if drawn else "none"
    text = (
        f"Of {drawn:,} generated images, {rejected:,} ({share}) were screened out; an image may be rejected for two "
        "reasons. Screening changes the distribution: rejected images are missing from every number about this folder."
    )
    reasons = screening.get("rejected_by_reason", {})
    sought = {"copy": "copies" in screening, "label": "labels" in screening}
    rows = [write_row(name, one, sought) for name, one in screening.get("classes", {}).items()]
    whole = {"drawn": drawn, "kept": drawn - rejected, "rejected": reasons}
    rows.append(write_row(ALL, whole, sought))
    return (text,), (Table("Screened out", HEADER, tuple(rows)),)


def write_row(name: str, counts: Mapping[str, Any], sought: Mapping[str, bool]) -> tuple[str, ...]:
    """Returns the counts of a class as text.

    Args:
        name: The class.
        counts: `drawn`, `kept` and, by reason, `rejected`; folders of earlier versions lack the latter.
        sought: By reason, whether it was looked for.
    """
    rejected = counts.get("rejected")
    cells = [
        "not looked for" if not looked else "not recorded" if rejected is None else f"{rejected.get(reason, 0):,}"
        for reason, looked in sought.items()
    ]
    return name, f"{counts['drawn']:,}", f"{counts['kept']:,}", *cells
