"""Weighs the names of a source against each other: which level of its folders is the class, which the patient."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from ganoscope.data.levels.looks import Look
from ganoscope.data.levels.survey import Level, Shape, Survey, gather_levels, names_class, numbers_anew, open_places
from ganoscope.data.levels.words import NAMED_SHARE, are_two_names, is_diagnosis, tells_persons_apart

MOST_CLASSES = 50
"""More folders than this are no classes."""
MOST_NUMBERS = 10
"""Largest number of folders called by short numbers that may be classes."""
FEW_FILES = 10
"""Largest number of files for which any number of class folders is accepted: a trial, not a data set."""
LONG_NUMBER = 3
"""Digits of numbers that count patients rather than classes."""
SHARE = 0.5
ID_SHARE = 0.8
"""Proportion of names with numbers from which the folders of a level are assumed to be patients or studies."""
MANY_STUDIES = 5
"""Number of folders of studies from which they stand for patients where no folder is one."""
MANY = 3
"""Number of folders below each class from which they are taken as patients, if none lies below two classes."""

AMBIGUOUS = "two levels of folders could be the class"
PERSONS = "folders that may be called as persons could be classes or patients"
NUMBERS = "folders called by numbers could be classes or patients"


@dataclass(frozen=True)
class Roles:
    """What was decided about the levels of a source.

    Attributes:
        wrappers: Looks of folders at the top that hold everything, and tell nothing apart.
        label: Level that is the class, counted among `open_places`; -1 if there is none.
        stems: Whether classes are names without their number.
        named: Whether the class stands beside the number of a patient or study, as in `study1_positive`.
        persons: Whether most pictures lie in folders called as patients.
        patient: Level that is the patient, counted among `open_places`; -1 if none but folders called so.
        studies: Whether studies stand for patients, since nothing else does.
        deep: Whether folders called as patients hold those of the patients, as `p10` holds `p10000032`.
        local: Whether patients are numbered anew below each class or site.
        doubt: What could also be read otherwise; "" if nothing.
        options: Levels that could be the class where there is a doubt, the likeliest first.
        unused: Levels whose names tell nothing that is used.
    """

    wrappers: frozenset[Look] = frozenset()
    label: int = -1
    stems: bool = False
    named: bool = False
    persons: bool = False
    patient: int = -1
    studies: bool = False
    deep: bool = False
    local: bool = False
    doubt: str = ""
    options: tuple[int, ...] = ()
    unused: tuple[int, ...] = ()


def decide(found: Survey) -> Roles:
    """Returns the roles of the levels of a source; a doubt if two readings are equally good."""
    wrappers = find_wrappers(found)
    levels = gather_levels(found, wrappers)
    files = found.files.total()
    persons = sum(count for shape, count in found.files.items() if any(look.kind == "patient" for look in shape))
    named = names_class(found)
    roles = replace(choose(levels, files, persons >= SHARE * files, named), wrappers=wrappers)
    roles = replace(roles, deep=holds_patients(found))
    if not roles.persons and roles.patient < 0:
        roles = replace(roles, studies=count_studies(found) >= MANY_STUDIES)
    return replace(roles, local=is_local(found, roles))


def holds_patients(found: Survey) -> bool:
    """Tells whether patients' names begin with those of folders above that are called as patients too."""
    pairs = []
    for shape in found.files:
        called = [index for index, look in enumerate(shape) if look.kind == "patient"]
        if len(called) > 1:
            pairs.append([found.names[shape[: index + 1]].examples for index in called[:2]])
    return bool(pairs) and all(name.startswith(tuple(above)) for above, names in pairs for name in names)


def count_studies(found: Survey) -> int:
    """Returns the number of different names of studies."""
    names = (names.seen for shape, names in found.names.items() if shape[-1].kind == "study")
    return len(set[int]().union(*names))


def find_wrappers(found: Survey) -> frozenset[Look]:
    """Returns the looks of top folders that tell nothing apart: the only one, or one that repeats those beside it."""
    wrappers: frozenset[Look] = frozenset()
    while True:
        levels = gather_levels(found, wrappers)
        if not levels:
            return wrappers
        top = set(levels[0].names)
        below: dict[Look, set[Look]] = defaultdict(set)
        for shape in found.files:
            places = open_places(shape, wrappers)
            if len(places) > 1:
                below[shape[places[0]]].add(shape[places[1]])
        new = {look for look, others in below.items() if len(top) > 1 and others <= top}
        if levels[0].count == 1 and not is_only_class(levels):
            new |= {look for look in top if len(levels) > 1 or any(holds_others(s, wrappers) for s in found.files)}
        if new <= wrappers:
            return wrappers
        wrappers |= new


def is_only_class(levels: list[Level]) -> bool:
    """Tells whether the first level speaks of health or disease, and no other does."""
    speak = [share(level, is_diagnostic) >= SHARE and not is_numbered(level) for level in levels]
    return speak[0] and not any(speak[1:])


def holds_others(shape: Shape, wrappers: frozenset[Look]) -> bool:
    """Tells whether the first folder of unclear name is not the one that holds the pictures."""
    return any(index < len(shape) - 1 for index in open_places(shape, wrappers)[:1])


def choose(levels: list[Level], files: int, persons: bool, named: bool) -> Roles:
    """Returns the roles of levels of unclear names.

    Args:
        levels: The levels, from the top.
        files: Number of pictures.
        persons: Whether most pictures lie in folders called as patients.
        named: Whether the names of patients or studies state the class.
    """
    numbered = [index for index, level in enumerate(levels) if is_numbered(level)]
    plain = [index for index in range(len(levels)) if index not in numbered]
    sure = any(share(levels[index], is_diagnostic) >= SHARE for index in plain)
    stems = [index for index in numbered if not sure and has_stems(levels[index])]
    patient = -1 if persons else find_numbered_patient(levels, numbered, stems, bool(plain or stems or named))
    if not persons and patient < 0:
        patient = next((index for index in stems if are_cases(levels[index])), -1)
    cases = [] if persons or patient >= 0 else [index for index in plain if holds_cases(levels, index, files)]
    if cases and (len(plain) > 1 or named):
        patient = cases[0]
    classes = [index for index in (*plain, *stems) if index != patient or index in stems]
    if not classes and not named and not persons and patient < 0:
        classes = numbered  # a few short numbers
    return choose_class(Roles(persons=persons, patient=patient, named=named), levels, sorted(classes), files)


def find_numbered_patient(levels: list[Level], numbered: list[int], stems: list[int], others: bool) -> int:
    """Returns the first level of numbered folders that is the patient; -1 if there is none.

    Args:
        levels: All levels.
        numbered: Those whose names are numbers or end in one.
        stems: Those among them whose names also state a class.
        others: Whether something else is the class or the patient.
    """
    for index in numbered:
        if (
            index not in stems
            and levels[index].count > 1
            and levels[index].below == 0
            and (others or is_patient_alone(levels[index]))
        ):
            return index
    return -1


def choose_class(roles: Roles, levels: list[Level], candidates: list[int], files: int) -> Roles:
    """Returns the roles with the class chosen among the levels that may be one.

    Args:
        roles: What is known so far.
        levels: All levels, from the top.
        candidates: Those that may be the class.
        files: Number of pictures.
    """
    inside = [
        index for index in candidates if levels[index].below > SHARE * levels[index].files or 0 <= roles.patient < index
    ]
    sure = [index for index in candidates if share(levels[index], is_diagnostic) >= SHARE]
    likely = [
        index
        for index in candidates
        if index not in inside
        and share(levels[index], lambda look: look.kind == "attribute") < SHARE
        and levels[index].files >= SHARE * files
    ]
    if len(likely) > 1:
        likely = [index for index in likely if levels[index].count > 1] or likely[-1:]
    if not sure and not likely and len(candidates) == 1 and roles.patient < 0 and not roles.persons:
        likely = candidates if levels[candidates[0]].files >= SHARE * files else []
    options = sure or ([] if roles.named else likely)
    if len(options) > 1 and sure:
        options = [index for index in sure if levels[index].count > 1] or sure[-1:]
    doubt = AMBIGUOUS if len(options) + (roles.named and bool(sure)) > 1 else ""
    label = options[0] if options else -1
    if (
        label >= 0
        and roles.patient < 0
        and levels[label].count > MOST_NUMBERS
        and all(look.kind == "number" for look in levels[label].names)
    ):
        doubt = NUMBERS
    if label >= 0 and may_be_persons(levels[label]):
        doubt = PERSONS
    unused = tuple(index for index in range(len(levels)) if index not in (label, roles.patient))
    return replace(
        roles,
        label=label,
        named=roles.named and label < 0,
        stems=label >= 0 and has_stems(levels[label]) and is_numbered(levels[label]),
        doubt=doubt,
        options=tuple(sorted(options, key=lambda index: not repeats(levels[index]))),
        unused=unused,
    )


def repeats(level: Level) -> bool:
    """Tells whether most names of a level lie below several folders, as classes do below each hospital."""
    return 2 * sum(len(parents) > 1 for parents in level.parents.values()) > max(1, len(level.names))


def may_be_persons(level: Level) -> bool:
    """Tells whether names are two words with capitals that say nothing of disease or how pictures were taken."""
    named = share(level, lambda look: look.kind == "word" and are_two_names(look.name))
    return level.count >= MANY and named >= NAMED_SHARE


def share(level: Level, fits: Callable[[Look], bool]) -> float:
    """Returns the proportion of different names whose look fits."""
    return sum(count for look, count in level.names.items() if fits(look)) / max(1, level.count)


def is_diagnostic(look: Look) -> bool:
    """Tells whether a name speaks of health or disease."""
    return is_diagnosis(look.name)


def is_numbered(level: Level) -> bool:
    """Tells whether most names of a level are numbers or end in one."""
    return share(level, lambda look: look.kind in ("id", "number", "numbered")) >= ID_SHARE


def list_stems(level: Level) -> dict[str, int]:
    """Returns the number of names by what stands before their number, in lower case."""
    stems: dict[str, int] = defaultdict(int)
    for look, count in level.names.items():
        stems[look.name.lower()] += count
    return stems


def has_stems(level: Level) -> bool:
    """Tells whether names differ by a word of disease before their numbers, as in `covid1`, `covid2`, `normal1`."""
    stems = list_stems(level)
    diagnostic = sum(count for stem, count in stems.items() if is_diagnosis(stem))
    return 1 < len(stems) <= MOST_CLASSES and max(stems.values()) > 1 and diagnostic >= SHARE * level.count


def are_cases(level: Level) -> bool:
    """Tells whether the folders of each class are so many that they must be its patients."""
    return level.count >= MANY * len(list_stems(level)) + 1


def is_patient_alone(level: Level) -> bool:
    """Tells whether numbered folders are patients although no level beside them could be the class."""
    if share(level, lambda look: look.kind == "id") >= ID_SHARE:
        return True
    if any(look.kind == "number" for look in level.names):
        return False
    return level.width >= LONG_NUMBER or (len(level.names) == 1 and level.count > MOST_NUMBERS)


def holds_cases(levels: list[Level], index: int, files: int) -> bool:
    """Tells whether folders are too many for classes, or many below each folder above and never below two.

    Args:
        levels: All levels, from the top.
        index: The level in question.
        files: Number of pictures.
    """
    level = levels[index]
    if level.count > MOST_CLASSES or (files > FEW_FILES and 2 * level.count > files):
        return True
    if index == 0 or share(level, is_diagnostic) > 0 or share(level, lambda look: look.kind == "attribute") > 0:
        return False
    above = levels[index - 1].count
    single = all(len(parents) == 1 for parents in level.parents.values())
    return single and above > 1 and level.count >= MANY * above


def is_local(found: Survey, roles: Roles) -> bool:
    """Tells whether patients are numbered from 0 or 1 anew below several folders that are no splits."""
    return numbers_anew(found, lambda shape: (index := find_patient(shape, roles), find_parents(shape, index, roles)))


def find_patient(shape: Shape, roles: Roles) -> int:
    """Returns the position of the folder that is the patient; -1 if there is none."""
    called = [i for i, look in enumerate(shape) if look.kind == "patient" or (roles.studies and look.kind == "study")]
    if called:
        return called[1] if roles.deep and len(called) > 1 else called[0]
    places = open_places(shape, roles.wrappers)
    if roles.persons:
        return next((index for index in places[:1] if shape[index].kind in ("id", "number", "numbered")), -1)
    return places[roles.patient] if 0 <= roles.patient < len(places) else -1


def find_parents(shape: Shape, patient: int, roles: Roles) -> list[int]:
    """Returns the positions above a patient below which patients may be numbered anew: class or site.

    Folders that say how pictures were taken, such as T1 and T2, rather hold the same patients.

    Args:
        shape: Looks of the folders of a path.
        patient: Position of the patient's.
        roles: What was decided.
    """
    above = [index for index in open_places(shape, roles.wrappers) if index < patient]
    return [index for index in above if shape[index].kind != "attribute" or tells_persons_apart(shape[index].name)]


def find_class(shape: Shape, roles: Roles) -> int:
    """Returns the position of the folder that is the class; -1 if there is none."""
    places = open_places(shape, roles.wrappers)
    return places[roles.label] if 0 <= roles.label < len(places) else -1
