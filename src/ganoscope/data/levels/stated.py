"""The user's own word on what each level of folders is: `--levels split/class/patient`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from ganoscope.data.levels.looks import OPEN, Look, look_at, make_stem, read_person, read_split
from ganoscope.data.levels.roles import has_stems, is_numbered
from ganoscope.data.levels.survey import (
    Level,
    Shape,
    Survey,
    choose_spellings,
    compose_all,
    counts_beside,
    names_class,
    numbers_anew,
    unify,
)
from ganoscope.data.levels.words import SPLIT_OF_FOLDER
from ganoscope.errors import describe, refuse

ROLES = ("split", "class", "patient", "study", "series", "-")
"""Words of `--levels`; `-` is a level that is not used."""

PERSONAL = ("patient", "study")
"""Roles whose names may state a class beside a number."""

AS_STATED = "levels of folders as stated"


class Place(NamedTuple):
    """What the folders above a file say about it: "" where they say nothing."""

    split: str = ""
    label: str = ""
    patient: str = ""


@dataclass(frozen=True)
class StatedReading:
    """A reading that the user stated.

    Attributes:
        roles: Role of each level, from the top.
        local: Whether patients are numbered anew below each class or unused folder.
        spellings: Spelling of classes that are spelt in several ways, see `choose_spellings`.
        short: Whether words beside the numbers of patients tell no persons apart.
        named: Whether these words, or those beside the numbers of studies, are the class, since no level is.
        stems: Whether the numbers behind the words of classes are no part of them, as in `covid1` and `covid2`.
    """

    roles: tuple[str, ...]
    local: bool = False
    spellings: Mapping[str, str] = field(default_factory=dict)
    short: bool = True
    named: bool = False
    stems: bool = False

    @classmethod
    def make(cls, stated: str, found: Survey, source: object) -> Self:
        """Returns the reading after comparing it with the folders of the source.

        Args:
            stated: `--levels` as the user wrote it.
            found: Folders of the source.
            source: Folder named in messages.

        Raises:
            UserError: A level does not exist, or holds folders that are no splits; all faults are in one message.
        """
        roles = parse_levels(stated)
        refuse([*list_faults(stated), *list_misfits(roles, found, source)])
        counts: Counter[str] = Counter()
        for shape, files in found.files.items():
            classes = [look.label or look.name for role, look in zip(roles, shape, strict=False) if role == "class"]
            counts.update({name: files for name in classes if name})
        local = numbers_anew(found, lambda shape: cls(roles).find_patient(shape))
        short = not counts_beside(found, lambda shape: cls(roles).find_patient(shape)[0])
        named = "class" not in roles and names_class(found)
        return cls(roles, local, choose_spellings(counts), short, named, count_parts(roles, found))

    def place(self, folders: tuple[str, ...]) -> Place:
        """Returns split, class and patient of the files in a folder; of several classes the deepest."""
        folders = compose_all(folders)
        named = list(zip(self.roles, folders, strict=False))
        split = next((read_split(name) for role, name in named if role == "split"), "")
        split = split or next((look_at(name).split for role, name in named if role == "patient"), "")
        labels = [look_at(name).label or name for role, name in named if role == "class"]
        if self.named:
            labels = [label for role, name in named if role in PERSONAL and (label := look_at(name).label)][:1]
        labels = [make_stem(label) for label in labels] if self.stems else labels
        labels = [self.spellings.get(unify(label), label) for label in labels]
        index, above = self.find_patient(tuple(map(look_at, folders)))
        if index < 0:
            return Place(split, labels[-1] if labels else "")
        parents = [folders[place] for place in above] if self.local else []
        return Place(split, labels[-1] if labels else "", "/".join((*parents, self.read_person(folders[index]))))

    def read_person(self, name: str) -> str:
        """Returns the patient in the name of a folder."""
        return read_person(name) if self.short else name

    def find_patient(self, shape: Shape) -> tuple[int, list[int]]:
        """Returns the position of the patient's folder in a path, -1 if there is none, and those that number anew."""
        if "patient" not in self.roles[: len(shape)]:
            return -1, []
        index = self.roles.index("patient")
        above = range(index)
        return index, [place for place in above if self.roles[place] in ("class", "-") and shape[place].kind in OPEN]

    def tell(self) -> list[str]:
        """Returns one line: what was stated."""
        return [f"{AS_STATED}: {'/'.join(self.roles)}"]


def count_parts(roles: tuple[str, ...], found: Survey) -> bool:
    """Tells whether the folders stated as classes are numbered parts of classes, by the words of disease in them.

    Args:
        roles: Role of each level as stated.
        found: Folders of the source.
    """
    depths = [depth for depth, role in enumerate(roles) if role == "class"]
    if len(depths) != 1:
        return False
    names: Counter[Look] = Counter()
    for shape, each in found.names.items():
        if len(shape) == depths[0] + 1:
            names[shape[-1]] += len(each.seen)
    level = Level(names)
    return is_numbered(level) and has_stems(level)


def parse_levels(stated: str) -> tuple[str, ...]:
    """Returns the roles of levels from the words of `--levels`.

    Example:
        >>> parse_levels("Split/class/-")
        ('split', 'class', '-')
    """
    return tuple(word.strip().lower() for word in stated.strip("/").split("/"))


def list_faults(stated: str) -> list[str]:
    """Returns what is wrong with the words of `--levels`, whatever the source; nothing if it is not given."""
    if not stated:
        return []
    roles, faults = parse_levels(stated), []
    allowed = f"one word per level of folders, from the top, separated by /: {', '.join(ROLES)}"
    if unknown := [role or "nothing" for role in roles if role not in ROLES]:
        faults.append(describe("--levels has unknown words", ", ".join(unknown), allowed, "Correct them."))
    for role in ("split", "patient"):
        if roles.count(role) > 1:
            faults.append(describe(f"--levels names {role} twice", stated, f"{role} once", "Write - for other levels."))
    return faults


def list_misfits(roles: tuple[str, ...], found: Survey, source: object) -> Iterable[str]:
    """Yields what of a statement does not fit the folders of the source.

    Args:
        roles: Role of each level as stated.
        found: Folders of the source.
        source: Folder named in messages.
    """
    if len(roles) > found.depth:
        allowed = f"up to {found.depth} levels"
        remedy = "Count the folders between the source and the pictures."
        yield describe(f"--levels has more levels than {source}", len(roles), allowed, remedy)
    for depth, role in enumerate(roles):
        places = (names for shape, names in found.names.items() if len(shape) == depth + 1 and not shape[-1].split)
        names = [name for each in places for name in each.examples if not read_split(name)]
        if role == "split" and names:
            given = ", ".join(names)
            allowed = f"folders called {', '.join(SPLIT_OF_FOLDER)}, or with such a word in their names"
            remedy = "State - for this level, or rename the folders."
            yield describe(f"level {depth + 1} is stated as split, but has other folders", given, allowed, remedy)
