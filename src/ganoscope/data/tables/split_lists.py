"""Lists of file names beside the images that say which are for training, validation and testing.

Text files that are named after splits, with one name a line (`train_val_list.txt`, `test.txt`, `ImageSets/Main`), and
tables with columns for path and split but none for labels, as of MIMIC-CXR.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ganoscope.data.levels.words import SPLIT_OF_FOLDER
from ganoscope.data.readers import drop_ending
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.walk import walk_files
from ganoscope.data.tables.column_names import find_aliases
from ganoscope.data.tables.name_matching import make_key, match_names
from ganoscope.data.tables.table_files import MOST_TABLES, find_split, list_tables, open_sound
from ganoscope.data.tables.text_table import read_rows
from ganoscope.errors import UserError

SPLITS = {**SPLIT_OF_FOLDER, "validate": "validation"}
MOST_BYTES = 1 << 26
"""Largest list that is read."""
FITTING_SHARE = 0.5
"""Share of the names in a list that must be those of files, so that it is one."""
READ = "a list of names, read as a split"


@dataclass(frozen=True)
class SplitLists:
    """What lists of names in a source say.

    Attributes:
        splits: Split by path of the file, as `make_key` returns it.
        lists: Paths of the lists.
        lines: Lines for the terminal.
    """

    splits: Mapping[str, str] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()

    def apply(self, source: Path, images: Iterable[SourceImage]) -> Iterator[SourceImage]:
        """Yields the images with the splits of the lists where the source states no other."""
        for image in images if self.lists else ():
            key = make_key(image.path.relative_to(source).as_posix())
            if key in self.lists:
                yield replace(image, fault=READ)
            else:
                yield replace(image, split=image.split or self.splits.get(key, ""))
        if not self.lists:
            yield from images


def find_split_lists(source: Path) -> SplitLists:
    """Returns what lists of names in a source say; a file in two of them has no split."""
    read = {**read_texts(source), **read_tables(source)}
    if not read:
        return SplitLists()
    files = [make_key(found.path.relative_to(source).as_posix()) for found in walk_files(source) if not found.fault]
    pictures = [file for file in files if drop_ending(file) != file]
    splits: dict[str, set[str]] = {}
    lists, lines = set[str](), list[str]()
    for path, names in sorted(read.items(), key=lambda item: not says_both(Path(item[0]).stem)):
        found = match_names(list(names), pictures).row_of_file
        if not found or len(found) < FITTING_SHARE * len(names):
            continue
        lists.add(path)
        chosen = sorted({names[name] for name in found.values()})
        lines.append(f"{path}: {len(found):,} of {len(names):,} names match, taken as {', '.join(chosen)}")
        for file, name in found.items():
            overrides = splits.get(file) == {"train"} and names[name] == "validation"  # beside a list of both
            splits[file] = {names[name]} if overrides else splits.get(file, set()) | {names[name]}
    double = sum(len(stated) > 1 for stated in splits.values())
    lines += [f"files in the lists of several splits, left without one: {double:,}"] if double else []
    sure = {file: min(stated) for file, stated in splits.items() if len(stated) == 1}
    return SplitLists(sure, frozenset(lists), tuple(lines))


def says_both(stem: str) -> bool:
    """Tells whether a list holds training and validation together.

    Example:
        >>> says_both("train_val_list"), says_both("trainval"), says_both("train")
        (True, True, False)
    """
    return bool(re.search(r"train(ing)?[^a-z]?val", stem.lower()))


def read_texts(source: Path) -> dict[str, dict[str, str]]:
    """Returns, by path of each text file that is named after a split, that split by name in it."""
    found = {}
    for file in walk_files(source):
        stem = file.path.stem
        split = "train" if says_both(stem) else find_split(stem)
        if split and not file.fault and file.path.suffix.lower() == ".txt":
            key = make_key(file.path.relative_to(source).as_posix())
            found[key] = dict.fromkeys(read_names(file.path), split)
    return {key: names for key, names in found.items() if names}


def read_names(path: Path) -> list[str]:
    """Returns the names in a text file, one a line: the word with the ending of a picture, else the first."""
    if path.stat().st_size > MOST_BYTES:
        return []
    names = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        text = line.strip()
        words = [text] if drop_ending(text) != text and " " not in text else re.split(r"[\s,;|]+", text)
        name = next((word for word in words if drop_ending(word) != word), words[0])
        names += [make_key(name)] if name and "\0" not in name else []
    return names


def read_tables(source: Path) -> dict[str, dict[str, str]]:
    """Returns, by path of each table with names and splits but no labels, the split by name."""
    paths = list_tables(source)
    found = {}
    for table in open_sound(paths) if len(paths) <= MOST_TABLES else ():
        name, split = (find_aliases(table, column) for column in ("path", "split"))
        if not (name and split) or find_aliases(table, "label"):
            continue
        try:
            rows = {make_key(row[name[0]]): SPLITS.get(row[split[0]].lower(), "") for row in read_rows(table)}
        except UserError:
            continue
        key = make_key(table.path.relative_to(source).as_posix())
        found[key] = {name: stated for name, stated in rows.items() if stated}
    return {key: names for key, names in found.items() if names}
