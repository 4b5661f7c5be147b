"""Gathers the names of the folders of a source, in memory that grows with the number of folders, not of files."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ganoscope.data.levels.looks import OPEN, Look, drop_splits, look_at, read_digits, read_person, read_split
from ganoscope.data.levels.other_languages import compose
from ganoscope.data.levels.words import is_diagnosis

Shape = tuple[Look, ...]
"""Looks of the folders above a file, from the source down: all patients of one class have one shape."""

PERSON = Look("patient")
EXAMPLES = 3
COUNTED_DIGITS = 6
"""Largest number of digits of numbers that may count folders."""


@dataclass
class Names:
    """Different names of one look in one place.

    Attributes:
        seen: Hashes of the names.
        persons: Hashes of the ids of patients in them, see `read_person`.
        examples: The first few names.
        low: Smallest number in them; -1 if a name has none.
        high: Largest number in them.
        width: Number of digits of the shortest number in them.
    """

    seen: set[int] = field(default_factory=set)
    persons: set[int] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)
    low: int = 10**9
    high: int = -1
    width: int = 10**9

    def add(self, name: str) -> None:
        """Adds a name."""
        key = hash(name)
        if key in self.seen:
            return
        self.seen.add(key)
        self.persons.add(hash(read_person(name)))
        if len(self.examples) < EXAMPLES:
            self.examples.append(name)
        digits = read_digits(name)
        number = int(digits) if 0 < len(digits) <= COUNTED_DIGITS else -1
        self.low, self.high = min(self.low, number), max(self.high, number)
        self.width = min(self.width, len(digits))

    def merge(self, other: "Names") -> None:
        """Adds the names of another place."""
        self.examples += [name for name in other.examples if hash(name) not in self.seen][
            : EXAMPLES - len(self.examples)
        ]
        self.seen |= other.seen
        self.persons |= other.persons
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.width = min(self.width, other.width)

    @property
    def counted(self) -> bool:
        """Whether the names are numbered from 0 or 1 without large gaps."""
        return 0 <= self.low <= 1 and self.high - self.low < 2 * len(self.seen)


@dataclass
class Survey:
    """Folders of a source.

    Attributes:
        files: Number of pictures by the shape of the folders above them.
        names: Names by the shape down to and including them.
        depth: Number of folders above the deepest picture.
        known: Names of folders that are patients, whatever they look like.
        splits: Looks of splits by those of folders that differ from their neighbours in a word for a split alone.
    """

    files: Counter[Shape] = field(default_factory=Counter)
    names: dict[Shape, Names] = field(default_factory=dict)
    depth: int = 0
    known: frozenset[str] = frozenset()
    splits: dict[Look, Look] = field(default_factory=dict)

    def look(self, folders: tuple[str, ...]) -> Shape:
        """Returns what the names of folders look like."""
        return self.settle(tuple(PERSON if name in self.known else look_at(name) for name in folders))

    def settle(self, shape: Shape) -> Shape:
        """Returns the looks of folders with those of splits that only their neighbours tell."""
        return tuple(self.splits.get(look, look) for look in shape) if self.splits else shape

    def find_splits(self) -> None:
        """Takes folders as splits whose names differ in a word for a split alone, as `A_Training_B` and `A_Test_B`."""
        alike: dict[tuple[Shape, str], dict[Look, Look]] = {}
        for shape in self.names:
            look = shape[-1]
            if look.kind in OPEN and not look.split and (split := read_split(look.name)):
                group = alike.setdefault((shape[:-1], drop_splits(look.name)), {})
                group[look] = Look("split", split=split)
        for group in alike.values():
            if len(set(group.values())) > 1:
                self.splits |= group
        if self.splits:
            files, names, self.files, self.names = self.files, self.names, Counter(), {}
            for shape, count in files.items():
                self.files[self.settle(shape)] += count
            for shape, each in names.items():
                self.names.setdefault(self.settle(shape), Names()).merge(each)

    def add(self, folders: tuple[str, ...], pictures: int = 1) -> None:
        """Adds pictures that lie below the folders."""
        shape = self.look(folders)
        self.files[shape] += pictures
        self.depth = max(self.depth, len(folders))
        for index, name in enumerate(folders):
            self.names.setdefault(shape[: index + 1], Names()).add(name)


def compose_all(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Returns names of folders with accents and umlauts as one sign each, so that names from macOS are the same."""
    return tuple(map(compose, folders))


def survey(pictures: Iterable[tuple[str, ...]], known: frozenset[str] = frozenset()) -> Survey:
    """Returns what the folders above all pictures are called.

    Args:
        pictures: For each picture, the names of the folders above it, those of one folder in a row.
        known: Names of folders that are patients, whatever they look like.
    """
    gathered, count = Survey(known=frozenset(map(compose, known))), 0
    current: tuple[str, ...] = ()
    for folders in map(compose_all, pictures):
        if folders != current and count:
            gathered.add(current, count)
            count = 0
        current, count = folders, count + 1
    if count:
        gathered.add(current, count)
    gathered.find_splits()
    return gathered


def numbers_anew(found: Survey, locate: Callable[[Shape], tuple[int, list[int]]]) -> bool:
    """Tells whether folders are numbered from 0 or 1 anew below several others.

    Args:
        found: Folders of a source.
        locate: Function that returns the position of the numbered folder in a path, -1 if there is none, and the
            positions of the folders below which numbering may start anew.
    """
    ranges: dict[Shape, Names] = {}
    for shape in found.files:
        index, above = locate(shape)
        if index >= 0:
            ranges.setdefault(tuple(shape[place] for place in above), Names()).merge(found.names[shape[: index + 1]])
    together = set[int]().union(*(names.seen for names in ranges.values()))
    repeated = sum(len(names.seen) for names in ranges.values()) > len(together)
    return len(ranges) > 1 and repeated and all(names.counted for names in ranges.values())


UNNAMED_SHARE = 0.2
"""Share of pictures without a class in the names above them from which on these names state none."""
COUNTED_WIDTH = 3
"""Largest number of digits of numbers that count the patients of one class or split."""


def counts_beside(found: Survey, find_patient: Callable[[Shape], int]) -> bool:
    """Tells whether patients are numbered from 0 or 1 anew beside each word for a class or split in their names.

    Args:
        found: Folders of a source.
        find_patient: Function that returns the position of the patient's folder in a path; -1 if there is none.
    """
    ranges: dict[tuple[str, str], Names] = {}
    for shape in found.files:
        if (index := find_patient(shape)) >= 0:
            look, names = shape[index], found.names[shape[: index + 1]]
            kept = ranges.setdefault((look.split, look.label), Names())
            kept.merge(names)
    return len(ranges) > 1 and all(names.counted and names.width <= COUNTED_WIDTH for names in ranges.values())


def names_class(found: Survey) -> bool:
    """Tells whether most names of patients or studies state a class beside their number, and not all the same."""
    labels: dict[str, int] = defaultdict(int)
    for shape, files in found.files.items():
        labels[next((look.label for look in shape if look.label), "")] += files
    return len(labels.keys() - {""}) > 1 and labels[""] < UNNAMED_SHARE * found.files.total()


@dataclass
class Level:
    """Folders that are the n-th of those whose meaning their names do not tell.

    Attributes:
        names: Number of different names by look.
        files: Number of pictures below them.
        below: Number of pictures below them that also lie below a patient's folder further up.
        width: Number of digits of the shortest number in the names.
        parents: Looks of the next such folders above, by look.
    """

    names: Counter[Look] = field(default_factory=Counter)
    files: int = 0
    below: int = 0
    width: int = 10**9
    parents: dict[Look, set[Look]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of different names."""
        return self.names.total()


def open_places(shape: Shape, wrappers: frozenset[Look] = frozenset()) -> list[int]:
    """Returns the positions of folders whose names do not tell what they are, below those that hold everything."""
    places, passed = [index for index, look in enumerate(shape) if look.kind in OPEN], set[Look]()
    while places and (top := shape[places[0]]) in wrappers:
        if len(places) == 1 and (top in passed or is_diagnosis(top.name)):
            break
        passed.add(top)
        places = places[1:]
    return places


def gather_levels(found: Survey, wrappers: frozenset[Look] = frozenset()) -> list[Level]:
    """Returns the levels of folders whose names do not tell what they are, from the top."""
    seen: list[dict[Look, set[int]]] = []
    levels: list[Level] = []
    for shape, files in found.files.items():
        above: Look | None = None
        patients = [index for index, look in enumerate(shape) if look.kind == "patient"]
        for depth, index in enumerate(open_places(shape, wrappers)):
            if depth == len(levels):
                levels.append(Level())
                seen.append({})
            look, level = shape[index], levels[depth]
            seen[depth].setdefault(look, set()).update(found.names[shape[: index + 1]].seen)
            level.files += files
            level.width = min(level.width, found.names[shape[: index + 1]].width)
            level.below += files if patients and patients[0] < index else 0
            if above is not None:
                level.parents.setdefault(look, set()).add(above)
            above = look
    for level, names in zip(levels, seen, strict=True):
        level.names = Counter({look: len(hashes) for look, hashes in names.items()})
    return levels


def unify(name: str) -> str:
    """Returns what is the same in spellings of one class.

    Example:
        >>> unify("No_Tumor") == unify("no tumor")
        True
    """
    return re.sub(r"[\s_-]+", " ", name).casefold()


def choose_spellings(counts: Counter[str]) -> dict[str, str]:
    """Returns the most frequent spelling of every class that is spelt in several ways, by what these share.

    Example:
        >>> choose_spellings(Counter({"NORMAL": 3, "Normal": 1, "sick": 2}))
        {'normal': 'NORMAL'}
    """
    spellings: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        spellings.setdefault(unify(name), []).append(name)
    return {key: names[0] for key, names in spellings.items() if len(names) > 1}
