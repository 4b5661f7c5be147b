"""Applies what was understood of a source's folders to each of its files, and says it in one line per level."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from ganoscope.data.levels.looks import read_person
from ganoscope.data.levels.roles import NUMBERS, PERSONS, Roles, decide, find_class, find_parents, find_patient
from ganoscope.data.levels.stated import ROLES, Place, StatedReading
from ganoscope.data.levels.survey import (
    EXAMPLES,
    Shape,
    Survey,
    choose_spellings,
    compose_all,
    counts_beside,
    survey,
    unify,
)
from ganoscope.errors import UserError, describe, write_count

UNUSED = "not used"
USED = ("split", "class", "patient")
"""Roles that decide what becomes of a picture."""
PUBLIC = ("split", "class", "folders of pictures", "masks", "parts of the set")
"""Roles whose names say nothing of persons, or become part of the store."""
NUMBERED = re.compile(
    r"((patient|patientin|paciente|paziente|pat|case|caso|fall|subject|subj|sub|person|"
    r"study|series|exam|scan|visit|session|ses|p|s)[ _-]?\d+)|\d{1,5}",
    re.IGNORECASE,
)
"""Names of patients and studies that name nobody: numbers, with the word for what they count. They may be printed."""
ROLE_OF_KIND = {
    "split": "split",
    "container": "folders of pictures",
    "mask": "masks",
    "part": "parts of the set",
    "date": "date",
    "study": "study",
    "series": "series",
    "patient": "patient",
}


class Reading(Protocol):
    """How the folders of a source are read."""

    def place(self, folders: tuple[str, ...]) -> Place:
        """Returns split, class and patient of the files in a folder, given the names from the source down."""
        ...

    def tell(self) -> list[str]:
        """Returns one line per level: what it was taken for, how many folders it has, and a few of their names."""
        ...


@dataclass(frozen=True)
class FoundReading:
    """A reading that was worked out from the names.

    Attributes:
        found: Folders of the source.
        roles: What was decided about its levels.
    """

    found: Survey
    roles: Roles

    def place(self, folders: tuple[str, ...]) -> Place:
        """Returns split, class and patient of the files in a folder."""
        folders = compose_all(folders)
        shape = self.found.look(folders)
        split = next((look.split for look in reversed(shape) if look.split), "")
        return Place(split, self.read_label(folders, shape), self.read_patient(folders, shape))

    def read_label(self, folders: tuple[str, ...], shape: Shape) -> str:
        """Returns the class of the files in a folder."""
        if self.roles.named:
            return next((look.label for look in shape if look.label), "")
        index = find_class(shape, self.roles)
        if index < 0:
            return ""
        look = shape[index]
        name = look.name if self.roles.stems or look.split else folders[index]
        return self.spellings.get(unify(name), name)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """The most frequent spelling of classes that differ in upper and lower case, `_`, `-` and spaces alone."""
        counts: Counter[str] = Counter()
        for shape, files in self.found.files.items():
            index = find_class(shape, self.roles)
            if index >= 0 and shape[index].name:
                counts[shape[index].name] += files
        return choose_spellings(counts)

    def read_patient(self, folders: tuple[str, ...], shape: Shape) -> str:
        """Returns the patient of the files in a folder, with the folders above where these number patients anew."""
        index = find_patient(shape, self.roles)
        if index < 0:
            return ""
        above = [folders[place] for place in find_parents(shape, index, self.roles)] if self.roles.local else []
        return "/".join((*above, read_person(folders[index]) if self.short else folders[index]))

    @cached_property
    def short(self) -> bool:
        """Whether words beside the numbers of patients tell no persons apart."""
        return not counts_beside(self.found, self.find_patient)

    def find_patient(self, shape: Shape) -> int:
        """Returns the position of the patient's folder in a path; -1 if there is none."""
        return find_patient(shape, self.roles)

    def tell(self) -> list[str]:
        """Returns one line per level."""
        ordered = sorted(self.levels.items(), key=lambda item: item[0][0])
        lines = [f"level {depth + 1}: {role} ({describe_names(role, *names)})" for (depth, role), names in ordered]
        if not lines:
            return []
        if self.roles.studies:
            lines.append("no level is a patient: images of one study stay together")
        if self.roles.named:
            lines.append("classes: the words beside the numbers of patients or studies")
        elif not any(role.endswith("class") for _, role in self.levels):
            lines.append("no level is a class: the images have no classes")
        if self.spellings and not self.roles.stems:
            lines.append(f"classes spelt in several ways are one: {', '.join(self.spellings.values())}")
        folders, persons = self.count_persons()
        if persons < folders:
            lines.append(
                f"{folders:,} folders of patients hold {persons:,} ids: words beside an id tell no persons apart"
            )
        if self.roles.local:
            lines.append("patients are numbered anew below each folder above them, and told apart by it")
        return [*lines, self.tell_statement()]

    def tell_statement(self) -> str:
        """Returns a line that says how to state this reading, or another one."""
        stated = self.state()
        if not self.is_uniform():
            same = "folders of one level mean different things, so that no statement of levels fits all"
        elif not set(stated.split("/")) & set(USED):
            words = ", ".join(ROLES)
            return (
                f"no folder is used; if some are classes, splits or patients, give --levels, a word for each ({words})"
            )
        else:
            same = f"this is --levels {stated}"
        return f"{same}; if it is wrong, state another ({', '.join(ROLES)})"

    def is_uniform(self) -> bool:
        """Tells whether one word per level says what all folders mean."""
        stated = self.state().split("/")
        for shape in self.found.files:
            roles = [self.find_role(shape, depth).split(",")[0] for depth in range(len(shape))]
            if any((own in USED or said in USED) and own != said for own, said in zip(roles, stated, strict=False)):
                return False
        return True

    @cached_property
    def levels(self) -> dict[tuple[int, str], tuple[set[int], list[str]]]:
        """Hashes and examples of the names by depth and role."""
        gathered: dict[tuple[int, str], tuple[set[int], list[str]]] = {}
        for shape in self.found.files:
            for depth in range(len(shape)):
                names = self.found.names[shape[: depth + 1]]
                seen, shown = gathered.setdefault((depth, self.find_role(shape, depth)), (set(), []))
                new = [name for name in names.examples if hash(name) not in seen]
                shown.extend(new[: EXAMPLES - len(shown)])
                seen |= names.seen
        return gathered

    def count_persons(self) -> tuple[int, int]:
        """Returns the number of folders of patients, and of different ids in their names."""
        if not self.short or self.roles.local:
            return 0, 0
        places = ((shape, self.find_patient(shape)) for shape in self.found.files)
        names = [self.found.names[shape[: index + 1]] for shape, index in places if index >= 0]
        folders, persons = set[int](), set[int]()
        return len(folders.union(*(each.seen for each in names))), len(persons.union(*(each.persons for each in names)))

    def find_role(self, shape: Shape, depth: int) -> str:
        """Returns what a folder in a path was taken for, in words."""
        look, patient = shape[depth], find_patient(shape, self.roles)
        if depth == find_class(shape, self.roles):
            return "patient, its words the class" if depth == patient else "class"
        if depth == patient:
            return "patient"
        if look.kind == "patient" or (0 <= patient < depth and look.kind in ("id", "number", "numbered")):
            return "study"
        return ROLE_OF_KIND.get(look.kind, UNUSED)

    def list_states(self) -> list[str]:
        """Returns the readings that are possible where there is a doubt, in the words of `--levels`, likelier first."""
        roles = self.roles
        if roles.doubt in (PERSONS, NUMBERS):
            others = [replace(roles, label=-1, patient=roles.label), roles]
            others = others[:1] if roles.doubt == PERSONS else others
        else:
            others = [replace(roles, label=option) for option in roles.options] or [roles]
        return [replace(self, roles=each).state() for each in others]

    def state(self) -> str:
        """Returns this reading in the words of `--levels`, for the most frequent path."""
        shape = max(self.found.files, key=lambda shape: (len(shape), self.found.files[shape]))
        roles = [self.find_role(shape, depth).split(",")[0] for depth in range(len(shape))]
        return "/".join(role if role in ROLES else "-" for role in roles)


def describe_names(role: str, names: set[int], shown: list[str]) -> str:
    """Returns how many folders there are, and what a few of them are called, unless that could name a person.

    Args:
        role: What the folders were taken for.
        names: Hashes of all names.
        shown: A few of the names.
    """
    count = write_count(len(names), "folder")
    if role not in PUBLIC and not all(NUMBERED.fullmatch(name) for name in shown):
        return count
    return f"{count}: {', '.join(shown)}{', ...' if len(names) > len(shown) else ''}"


def read_levels(
    pictures: Iterable[tuple[str, ...]],
    stated: str = "",
    source: object = "the source",
    strict: bool = True,
    known: frozenset[str] = frozenset(),
) -> Reading:
    """Returns how the folders of a source are read.

    Args:
        pictures: For each picture, the names of the folders above it.
        stated: The user's `--levels`; "" if they are to be worked out.
        source: Folder named in messages.
        strict: Whether a source that can be read in two ways is refused.
        known: Names of folders that are patients, whatever they look like.

    Raises:
        UserError: Two readings are equally good, or what is stated does not fit the folders.
    """
    found = survey(pictures, known)
    if stated:
        return StatedReading.make(stated, found, source)
    roles = decide(found)
    reading = FoundReading(found, roles)
    if roles.doubt and strict:
        given = "; ".join(line for line in reading.tell() if line.startswith("level "))
        allowed = f"one role per level, from the top: {', '.join(ROLES)}"
        readings = [f"--levels {each}" for each in dict.fromkeys(reading.list_states())]
        order = ", the likelier reading first" if len(readings) > 1 else ""
        deepest = "of several levels called class, the deepest counts"
        remedy = f"State it: {' or '.join(readings)}{order}; {deepest}."
        raise UserError(describe(f"{roles.doubt} in {source}", given, allowed, remedy))
    return reading
