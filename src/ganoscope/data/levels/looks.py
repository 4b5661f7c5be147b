"""What the name of one folder looks like by itself."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from ganoscope.data.levels import words
from ganoscope.data.levels.other_languages import compose
from ganoscope.data.levels.words import is_diagnosis, split_words

Kind = Literal[
    "split", "container", "mask", "part", "date", "study", "series", "patient", "id", "number", "numbered", "attribute",
    "word",
]  # fmt: skip
"""Kind of a name: the first eight are certain, the others are weighed against their neighbours."""

OPEN = ("id", "number", "numbered", "attribute", "word")


class Look(NamedTuple):
    """What a name looks like.

    Attributes:
        kind: Kind of the name.
        name: What tells names of this kind apart as classes: the name itself, or the part without the number.
        split: Split that the name states.
        label: Class that the name of a patient or study states beside its number.
    """

    kind: Kind
    name: str = ""
    split: str = ""
    label: str = ""


NUMBERED = r"[ _.#-]*(?:\d+[a-z]?|[a-z]?\d+)"
PATIENT = re.compile(
    r"(?:(?P<before>.+?)[ _-]+)?(?:patient|pat|pt|person|case|subject|subj|sub|participant|volunteer|pid|mrn|id|p"
    r"|patientin|patiente|paciente|paziente|proband|probandin|sujet|sujeto|soggetto|sujeito|caso|cas"
    r"|fall(?![ _-]*(?:19|20)\d\d))"
    rf"(?:s?[ _-]*(?:id|no|nr)?)??(?:{NUMBERED}|[ _-][a-z])(?:[ _-]+(?P<after>.*[^\W\d_].*))?",
    re.IGNORECASE,
)
STUDY = re.compile(
    r"(?:study|exam|examination|visit|session|ses|scan|timepoint|tp|accession|acc|encounter|episode|baseline|follow"
    r"[ _-]?up|studie|étude|etude|estudio|estudo|untersuchung|examen|esame|exame)"
    rf"(?:{NUMBERED}|-[a-z0-9]+)?(?:[ _-]+(?P<after>.*[^\W\d_].*))?",
    re.IGNORECASE,
)
SERIES = re.compile(
    rf"(?:series|serie|série|ser|se|sr|seq|sequence|acq|run|stack|recon|reconstruction|echo|phase|view){NUMBERED}.*"
    r"|\d+\.0+-.*|\d+-.*[^\W\d_].*",
    re.IGNORECASE | re.DOTALL,
)
PART = re.compile(rf"(?:k?fold|cv|part|batch|chunk|shard|subset|zip|bag|disc|disk)s?(?:{NUMBERED}|[ _-][a-z])", re.I)
TCGA = re.compile(r"(TCGA[-_]\w{2}[-_]\w{4})(?![0-9A-Za-z]).*", re.IGNORECASE | re.DOTALL)
SUBJECT = re.compile(r"sub-[A-Za-z0-9]+")
DATE = re.compile(
    r"(?:19|20)\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|(?:19|20)\d\d[-_.]\d\d?[-_.]\d\d?.*"
    r"|\d\d?[-_.]\d\d?[-_.](?:19|20)\d\d.*",
    re.DOTALL,
)
UID = re.compile(r"\d+(?:\.\d+){4,}")
PERSON = re.compile(
    r"[^\W\d_]+[ _^,.-]+[^\W\d_]+.*(?:(?:19|20)\d\d[-_.]?\d\d[-_.]?\d\d|\d\d[-_.]\d\d[-_.](?:19|20)\d\d).*"
    r"|[^\W\d_]+\^.*|[^\W\d_]{2,}, ?[^\W\d_]+.*",
    re.DOTALL,
)
"""Names with a date of birth or examination, DICOM's form with `^`, and last name, first name."""
LONG = re.compile(
    r"\d{5,}|[a-z]{1,3}[ _-]?\d{3,}|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+-\d+", re.I
)
ID = "id"
"""Stands for the number that words are beside: a word that is also a name is one there, and not that of a disease."""
LAST_NUMBER = re.compile(r"\d+(?=\D*$)")
LISTED = re.compile(r"[a-z0-9]{1,2}[.)]\s*(?=\D)", re.IGNORECASE)
"""What stands before names in a list, as in `a. Training Set`."""
TWO_DOMAINS = re.compile(r"(train|test|val|valid)[ _-]?([AB])", re.IGNORECASE)


@lru_cache(1 << 16)
def look_at(name: str) -> Look:
    """Returns what a folder name looks like.

    Example:
        >>> look_at("patient00001").kind, look_at("study1_positive").label, look_at("XR_WRIST").kind, look_at("trainA")
        ('patient', 'positive', 'attribute', Look(kind='word', name='A', split='train', label=''))
    """
    name = compose(name)
    parts = split_words(name)
    return look_for_split(name) or look_for_place(name, parts) or look_for_person(name) or look_for_word(name, parts)


def look_for_split(name: str) -> Look | None:
    """Returns the look of a name that states a split, alone or with a class (`train_normal`, `trainA`)."""
    if name.lower() in words.SPLIT_OF_FOLDER:
        return Look("split", split=words.SPLIT_OF_FOLDER[name.lower()])
    if domain := TWO_DOMAINS.fullmatch(name):
        return Look("word", domain[2], words.SPLIT_OF_FOLDER[domain[1].lower()])
    parts = split_words(LISTED.sub("", name))
    splits = {words.SPLIT_WORDS[part] for part in parts if part in words.SPLIT_WORDS}
    others = [part for part in parts if part not in words.SPLIT_WORDS and not part.isdigit()]
    if len(splits) != 1 or any(part in words.MASKS for part in others):
        return None
    (split,) = splits
    named = any(part in words.SPLIT_WORDS and part not in words.SHORT_SPLITS for part in parts)
    fillers = words.CONTAINERS | words.SPLIT_FILLERS | words.MODALITIES | words.FILMS
    if (others or named) and all(part in fillers for part in others):
        return Look("split", split=split)
    if named and others and all(is_diagnosis(part) or part == "non" for part in others):
        return Look("word", name_class(name), split)
    return None


def name_class(name: str) -> str:
    """Returns the words of a name that are none for splits, and no numbers, as they are written.

    Example:
        >>> name_class("train_normal"), name_class("Test_bösartig")
        ('normal', 'bösartig')
    """
    kept = (word for word in words.cut_words(name) if not word.isdigit())
    return " ".join(word for word in kept if not words.SPLIT_WORDS.keys() >= set(words.split_words(word)))


def look_for_place(name: str, parts: tuple[str, ...]) -> Look | None:
    """Returns the look of a name of a folder that only holds others: masks, pictures, parts of a set, dates."""
    if is_mask_folder(parts):
        return Look("mask")
    if PART.fullmatch(name):
        return Look("part")
    if DATE.fullmatch(name):
        return Look("date")
    if UID.fullmatch(name):
        return Look("study")
    if is_container(parts):
        return Look("container")
    return None


def is_mask_folder(parts: tuple[str, ...]) -> bool:
    """Tells whether the words of a folder name speak of masks and of nothing else."""
    others = [part for part in parts if part not in words.MASKS and not part.isdigit()]
    if "manual" in others and all(part in words.DRAWN for part in others):
        return True  # 1st_manual
    return (
        len(others) < sum(not part.isdigit() for part in parts)
        and all(part in words.MASK_FILLERS for part in others)
        and (not parts[-1:] or parts[-1] not in words.WHOLE_SETS)
    )


def is_container(parts: tuple[str, ...]) -> bool:
    """Tells whether a folder name only says that pictures or data lie in it."""
    if parts and (parts[-1] in words.WHOLE_SETS or "dataset" in parts or "database" in parts):
        return True
    plain = [part for part in parts if not part.isdigit() and part != "x"]
    if not plain:
        return len(parts) == 3 and parts[1] == "x"  # 256x256
    held = words.CONTAINERS | words.MODALITIES | words.FILMS
    return all(part in held for part in plain) and any(part in words.CONTAINERS for part in plain)


def look_for_person(name: str) -> Look | None:
    """Returns the look of a name of a patient, a study or a series."""
    if TCGA.fullmatch(name) or SUBJECT.fullmatch(name) or PERSON.fullmatch(name):
        return Look("patient")
    if (patient := PATIENT.fullmatch(name)) and not words.SEQUENCE.fullmatch(name):
        beside = [patient[group] or "" for group in ("after", "before")]
        splits = {split for text in beside for split in find_splits(text)}
        return Look("patient", split=splits.pop() if len(splits) == 1 else "", label=find_label(*beside))
    if study := STUDY.fullmatch(name):
        return Look("study", label=find_label(study["after"] or ""))
    return Look("series") if SERIES.fullmatch(name) else None


def find_label(*beside: str) -> str:
    """Returns the class beside a number: the first text that speaks of health or disease, or ""."""
    return next((drop_splits(text) for text in beside if text and is_diagnosis(f"{ID} {text}")), "")


def find_splits(text: str) -> list[str]:
    """Returns the splits that words beside the number of a patient name."""
    parts = split_words(text)
    return [words.SPLIT_WORDS[part] for part in parts if part in words.SPLIT_WORDS.keys() - words.SHORT_SPLITS]


def read_split(name: str) -> str:
    """Returns the split that a name states, among whatever other words; "" if it states none or several.

    Example:
        >>> read_split("ISIC2018_Task1-2_Training_Input"), read_split("train_or_test")
        ('train', '')
    """
    splits = {look_at(name).split, *find_splits(name)} - {""}
    return splits.pop() if len(splits) == 1 else ""


def drop_splits(text: str) -> str:
    """Returns a text without words for splits.

    Example:
        >>> drop_splits("Mass-Training")
        'Mass'
    """
    kept = [part for part in re.split(r"([\s_-]+)", text) if not find_splits(part)]
    return "".join(kept).strip(" _-")


@lru_cache(1 << 16)
def read_person(name: str) -> str:
    """Returns the id in the name of a patient's folder, without words for view, side, class and split beside it.

    Where other words stand beside it, such as those of a site, the whole name is the id.

    Example:
        >>> read_person("Mass-Test_P_00010_LEFT_CC"), read_person("p001_T1"), read_person("siteB_patient1")
        ('P_00010', 'p001', 'siteB_patient1')
    """
    if barcode := TCGA.fullmatch(name):
        return barcode[1]  # some sets add a date
    found = PATIENT.fullmatch(name)
    if not found or PERSON.fullmatch(name):
        return name
    beside = split_words(f"{ID} {found['before'] or ''} {found['after'] or ''}")[1:]
    if not all(part.isdigit() or part in words.BESIDE_PERSONS for part in beside):
        return name
    start = found.end("before") if found["before"] else 0
    end = found.start("after") if found["after"] else len(name)
    return name[start:end].strip(" _-")


def look_for_word(name: str, parts: tuple[str, ...]) -> Look:
    """Returns the look of any other name."""
    if re.fullmatch(r"\d{1,4}", name):
        return Look("number")
    plain = [part for part in parts if not part.isdigit()]
    if words.SEQUENCE.fullmatch(name) or is_attribute(plain):
        return Look("attribute", name)
    if LONG.fullmatch(name):
        return Look("id")
    if plain and plain[0] in words.ORDINALS:
        return Look("word", name)
    numbers = [part for part in parts if part.isdigit()]
    return Look("numbered", make_stem(name)) if numbers and plain else Look("word", name)


def is_attribute(plain: list[str]) -> bool:
    """Tells whether the words of a name say where or how pictures were taken, and nothing about disease."""
    sites = any(part in words.SITES for part in plain)
    return sites or (bool(plain) and all(part in words.ATTRIBUTES for part in plain))


def make_stem(name: str) -> str:
    """Returns a name without its last number and what separates it.

    Example:
        >>> make_stem("covid1"), make_stem("BraTS20_Training_001")
        ('covid', 'BraTS20_Training')
    """
    return LAST_NUMBER.sub("", name).strip(" _-.()#")


def read_digits(name: str) -> str:
    """Returns the last number in a name as written; "" if there is none."""
    found = LAST_NUMBER.search(name)
    return found[0] if found else ""
