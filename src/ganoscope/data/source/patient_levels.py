"""Which levels of folders could be the patients of a DICOM tree whose headers do not tell them.

Folders are not taken as patients by themselves: those of one level may as well be studies, visits or scanners.

"""

from collections.abc import Collection, Sequence
from pathlib import Path

from ganoscope.data.source.entries import SourceImage
from ganoscope.files import escape_unprintable

MOST = 3
"""Largest number of statements that are named."""
KEPT = ("split", "class")
"""Roles of other levels that a statement repeats."""

Folders = tuple[str, ...]


def find_patient_levels(source: Path, series: Collection[SourceImage], roles: Sequence[str]) -> tuple[str, ...]:
    """Returns what could be stated with `--levels`, in its words, the likeliest first.

    A level could be the patients if it has several folders and no series lies in two of them. Levels whose names do
    not repeat below several folders come first, since `study1` repeats below each patient.

    Args:
        source: Source folder.
        series: All series.
        roles: Role of each level, from the top, as far as it is known.
    """
    places = [list_folders(source, entry) for entry in series if not entry.fault]
    known = {folders for each in places for folders in each}
    found: dict[str, bool] = {}
    for level in range(min(map(len, known), default=0)):
        below = [{folders[: level + 1] for folders in each} for each in places]
        if any(len(several) > 1 for several in below):
            break
        paths = set[Folders]().union(*below)
        kept = [role if role in KEPT else "-" for role in (*roles, *[""] * 99)[: max(map(len, known))]]
        if len(paths) > 1 and kept[level] == "-":
            stated = "/".join("patient" if depth == level else role for depth, role in enumerate(kept))
            found[stated] = len({path[-1] for path in paths}) < len(paths)
    return tuple(sorted(found, key=lambda stated: found[stated]))[:MOST]


def list_folders(source: Path, entry: SourceImage) -> set[Folders]:
    """Returns the names of the folders above each file of an entry, from the source down."""
    parents = {path.parent for path in entry.paths}
    return {tuple(map(escape_unprintable, parent.relative_to(source).parts)) for parent in parents}
