"""Matches the names in a table with the files of a source: with or without folder, ending and case, but one to one.

All names are compared in one and the same way, so that a missing image never takes the file of another:
`study1/view.jpg` alone would fit the films of many patients. A way in which two rows or two files become one name is
not used.
"""

import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ganoscope.data.readers import drop_ending
from ganoscope.errors import UserError
from ganoscope.files import escape_unprintable


@dataclass(frozen=True)
class Way:
    """A way to compare names.

    Attributes:
        parts: Number of last parts of the path that are compared; 0 for all.
        fold: Whether case does not matter.
        bare: Whether the ending of a picture format does not matter.
        letter: Whether one letter before a number does not matter, as in the folders `p10/s50414267` of MIMIC-CXR.
    """

    parts: int = 0
    fold: bool = False
    bare: bool = False
    letter: bool = False

    @property
    def plain(self) -> bool:
        """Whether names are compared as they are."""
        return self == Way()

    def reduce(self, name: str) -> str:
        """Returns what is compared of a name.

        Example:
            >>> Way(parts=1, fold=True, bare=True).reduce("images/Film_1.PNG")
            'film_1'
        """
        kept = name if not self.parts else "/".join(name.split("/")[-self.parts :])
        kept = drop_ending(kept) if self.bare else kept
        kept = kept.casefold() if self.fold else kept
        return re.sub(r"(?<![^/])[a-z](?=\d+$)", "", kept) if self.letter else kept


@dataclass(frozen=True)
class Matching:
    """Rows and files that belong together.

    Attributes:
        row_of_file: Name in the table by path of the file.
        way: How they were compared.
        double: Two names in the table and files that can't be told from each other in a looser way, if any.
        by: Attribute of DICOM headers that holds the names; "" if they are those of files or folders.
    """

    row_of_file: Mapping[str, str] = field(default_factory=dict)
    way: Way = Way()
    double: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    by: str = ""


def make_key(path: str) -> str:
    r"""Returns the normalised form of a path for comparison: `/` as separator, NFC, no `.` or `..`.

    Example:
        >>> make_key(r".\img\a.png")
        'img/a.png'
    """
    return posixpath.normpath(unicodedata.normalize("NFC", path.replace("\\", "/")))


def match_names(rows: Collection[str], files: Collection[str], folders: bool = False) -> Matching:
    """Returns the strictest way of comparing that matches most names.

    Args:
        rows: Names in the table, as `make_key` returns them.
        files: Paths relative to the source, as `make_key` returns them.
        folders: Whether the paths are those of folders.
    """
    best = Matching()
    double: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    for way in list_ways(rows, files, folders):
        found, unclear = match_by(way, rows, files)
        if unclear != ((), ()):
            double = unclear
        elif len(found) > len(best.row_of_file):
            best = Matching(found, way)
        if len(best.row_of_file) == min(len(rows), len(files)):
            return best
    return Matching(best.row_of_file, best.way, double)


def match_rows(rows: Collection[str], files: Collection[str], table: str, masks: Collection[str] = ()) -> Matching:
    """Returns which files belong to which rows.

    Masks are left aside unless more rows have a file with them: the table says what an image is.

    Args:
        rows: Names in the table, as `make_key` returns them.
        files: Paths relative to the source, as `make_key` returns them.
        table: Name of the table, for the message.
        masks: Those of the files that look like masks.

    Raises:
        UserError: There are rows and files, and no row matches a file.
    """
    found = match_names(rows, [file for file in files if file not in masks])
    if masks and len(found.row_of_file) < len(rows):
        again = match_names(rows, files)
        found = again if len(again.row_of_file) > len(found.row_of_file) else found
    if not found.row_of_file:
        pictures = [file for file in files if file not in masks]
        below = match_folders(rows, pictures)
        if not below.row_of_file and (*found.double, *below.double) == ((), (), (), ()):
            below = match_beginnings(rows, pictures)
        found = below if below.row_of_file or found.double == ((), ()) else found
    if found.row_of_file or not rows or not files:
        return found
    said, present = (" and ".join(map(escape_unprintable, names)) for names in found.double)
    if said:
        raise UserError(
            f"the names in {table} fit several files: rows say {said}, files are {present}; allowed: one file for each "
            "row. Write the folder into the names, state folders of masks with --masks or --anatomy, or move files "
            "that are not listed out of the source."
        )
    row, file = next(iter(rows)), next(iter(files))
    raise UserError(
        f"no name in {table} is that of a file: rows say {escape_unprintable(row)}, files are "
        f"{escape_unprintable(file)}; allowed: names of files or folders, with or without those above and ending, or, "
        "beside DICOM, the PatientID, AccessionNumber, StudyInstanceUID or SeriesInstanceUID of headers. Correct the "
        "names, or state the right column with --path-column."
    )


def match_folders(rows: Collection[str], files: Collection[str]) -> Matching:
    """Returns the same for rows that name folders: each stands for all files below, the deepest folder first.

    Args:
        rows: Names in the table, as `make_key` returns them.
        files: Paths relative to the source, as `make_key` returns them.
    """
    folders = {parent for file in files for parent in list_parents(file)}
    found = match_names(rows, folders, folders=True)
    rows_of = {file: [found.row_of_file[up] for up in list_parents(file) if up in found.row_of_file] for file in files}
    return Matching({file: named[0] for file, named in rows_of.items() if named}, found.way, found.double)


def match_beginnings(rows: Collection[str], files: Collection[str]) -> Matching:
    """Returns the same for rows that begin the names of files, or that name a file or folder with more words behind.

    `OAS1_0001_MR1` stands for `OAS1_0001_MR1_mpr_anon.nii.gz`; `0a1b_study` for the folder `0a1b`. The longest row
    goes first; a word that begins several rows stands for none. Half of the rows or files must match.

    Args:
        rows: Names in the table, as `make_key` returns them.
        files: Paths relative to the source, as `make_key` returns them.
    """
    way = Way(parts=1, fold=True, bare=True)
    whole: dict[str, set[str]] = {}
    begun: dict[str, set[str]] = {}
    for row in rows:
        whole.setdefault(way.reduce(row), set()).add(row)
        for start in list_beginnings(way.reduce(row)):
            begun.setdefault(start, set()).add(row)
    found: dict[str, str] = {}
    places: dict[str, set[str]] = {}
    for file in files:
        name, above = way.reduce(file), list_parents(file)
        rows_of = next((whole[start] for start in list_beginnings(name) if start in whole), begun.get(name, set()))
        place = above[0] if above and rows_of else ""
        if not rows_of:
            place = next((up for up in above if way.reduce(up) in begun), "")
            rows_of = begun[way.reduce(place)] if place else set()
        if len(rows_of) == 1:
            found[file] = next(iter(rows_of))
            places.setdefault(found[file], set()).add(place)
    sure = {file: row for file, row in found.items() if len(places[row]) == 1}  # elsewhere, the names fit by chance
    enough = 2 * len(set(sure.values())) >= min(len(rows), len(files))
    return Matching(sure, way) if enough else Matching()


def list_beginnings(name: str) -> list[str]:
    """Returns the beginnings of a name that end before a separator, longest first.

    Example:
        >>> list_beginnings("oas1_0001_mr1")
        ['oas1_0001', 'oas1']
    """
    return [name[: found.start()] for found in re.finditer(r"(?<=.)[_. -]+", name)][::-1]


def list_parents(file: str) -> list[str]:
    """Returns the folders above a file, deepest first.

    Example:
        >>> list_parents("a/b/c.png")
        ['a/b', 'a']
    """
    parts = file.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]


def list_ways(rows: Collection[str], files: Collection[str], folders: bool = False) -> Iterator[Way]:
    """Yields the ways of comparing, strictest first: whole paths, then fewer and fewer last parts of them.

    Args:
        rows: Names in the table.
        files: Paths of files or folders.
        folders: Whether they are folders.
    """
    deepest = min(max((name.count("/") for name in names), default=0) for names in (rows, files)) + 1
    for parts in (0, *range(deepest, 0, -1)):
        yield from (Way(parts, fold, bare) for fold, bare in ((False, False), (True, False), (True, True)))
    if folders:
        yield Way(parts=1, fold=True, letter=True)


def match_by(
    way: Way, rows: Collection[str], files: Collection[str]
) -> tuple[dict[str, str], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Returns the row of every file that has one, and two rows or files that can't be told apart, if any.

    Args:
        way: How names are compared.
        rows: Names in the table.
        files: Paths relative to the source.
    """
    by_name: dict[str, tuple[list[str], list[str]]] = {}
    for row in rows:
        by_name.setdefault(way.reduce(row), ([], []))[0].append(row)
    for file in files:
        if (reduced := way.reduce(file)) in by_name:
            by_name[reduced][1].append(file)
    pairs = [pair for pair in by_name.values() if pair[1]]
    unclear = next((pair for pair in pairs if len(pair[0]) > 1 or len(pair[1]) > 1), None)
    if unclear:
        return {}, (tuple(unclear[0][:2]), tuple(unclear[1][:2]))
    return {found[0]: named[0] for named, found in pairs}, ((), ())


def is_outside(path: str) -> bool:
    """Tells whether a path is absolute or leads out of its folder, as on the machine of a table's author."""
    return bool(re.match(r"[A-Za-z]:|[/\\]", path)) or make_key(path).split("/")[0] == ".."
