"""Tells masks from pictures by their names, and finds the picture that each belongs to.

A file is a mask if it lies in a folder of masks, or if its name is that of a picture in the same folder with a word
such as `mask` or `seg` added, put before it, or put in the place of a word such as `image` or `volume`. Its words say
whether it outlines anatomy or a finding; where they say nothing, it counts as anatomy, since a finding must not be
claimed by guess.

"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ganoscope.data.levels import words
from ganoscope.data.levels.looks import look_at
from ganoscope.data.levels.other_languages import WHOLE, compose, spell_plainly
from ganoscope.data.levels.words import split_words

SUFFIX = re.compile(r"(?:\.nii)?\.[a-z]{2,5}$|\.nii\.gz$", re.IGNORECASE)
CHANNEL = re.compile("000[0-9]")
DICOM = (".dcm", ".dicom", ".ima")
"""Suffixes of masks that are listed and not attached: what a reader is shown of them may differ from what is drawn."""
FOREIGN = {foreign for foreign, english in WHOLE.items() if english in words.MASKS}
MAYBE = re.compile("|".join(sorted({word[:4] for word in words.MASKS | FOREIGN})), re.IGNORECASE)
"""Cheap first test of a name in plain letters: no other can hold a word for masks."""

Key = tuple[tuple[str, ...], tuple[str, ...]]
"""Folders that tell sets and classes apart, and what of a file name a picture and its mask share."""


UNTOLD = "no word in their names says what they outline: if they outline findings, add --masks and the source's path"

OF_FINDINGS, OF_ANATOMY = "masks of findings", "masks taken as outlines of anatomy, not of findings"
"""Beginnings of the lines that say what masks were taken for."""

ANYWHERE = ("*",)
"""Stands for the folders in the key of a picture whose name is the only one of its kind."""


class Context(NamedTuple):
    """What the folders above a file say about masks.

    Attributes:
        masked: Whether the file lies in a folder of masks.
        folders: Names of the folders that a picture and its mask share.
        said: Words of the folders of masks.
    """

    masked: bool
    folders: tuple[str, ...]
    said: frozenset[str]


class MaskFile(NamedTuple):
    """A mask that was found.

    Attributes:
        path: Its file.
        name: Its path relative to the source; safe in text files.
        finding: Whether it outlines a finding.
        told: Whether its names say what it outlines.
    """

    path: str
    name: str
    finding: bool
    told: bool


class Candidate(NamedTuple):
    """A file that may be a mask.

    Attributes:
        file: It as a mask.
        folders: Names of the folders above it.
        keys: Keys of the pictures that it may belong to, the likeliest first.
        sure: Whether it is a mask even without a picture.
        begins: Whether its name begins with a word for masks and nothing else, as in `mask_07`.
    """

    file: MaskFile
    folders: tuple[str, ...]
    keys: tuple[Key, ...]
    sure: bool
    begins: bool = False


@lru_cache(1 << 12)
def read_context(folders: tuple[str, ...]) -> Context:
    """Returns what the folders above a file say about masks; the deepest folder of pictures or masks decides.

    Example:
        >>> read_context(("COVID", "masks")), read_context(("Lung Segmentation", "CXR_png")).masked
        (Context(masked=True, folders=('covid',), said=frozenset({'masks'})), False)
    """
    masked, shared, said, split = False, [], set[str](), ""
    for depth, name in enumerate(folders, 1):
        look, parts = look_at(name), split_words(name)
        holds = look.kind == "container" and any(part in words.PICTURES for part in parts)
        masked = look.kind == "mask" or (masked and not holds)
        if look.kind == "mask" or (masked and is_outlined(parts)):
            said.update(parts)
        elif look.kind != "split" and not (look.kind == "container" and (holds or depth == len(folders))):
            shared.append(compose(name).casefold())
        split = look.split or next((words.SPLIT_WORDS[part] for part in parts if part in words.SPLIT_WORDS), split)
    return Context(masked, (*shared, f"={split}") if split else tuple(shared), frozenset(said if masked else ()))


def is_outlined(parts: tuple[str, ...]) -> bool:
    """Tells whether the name of a folder of masks says what they outline, and nothing else."""
    told = words.ANATOMY | words.FINDINGS
    named = [part for part in parts if not part.isdigit()]
    return any(part in told for part in named) and all(part in told | words.MASK_FILLERS for part in named)


def read_stem(file_name: str) -> tuple[str, ...]:
    """Returns the words of a file name without its suffix, and without words that only say that it is a picture.

    Example:
        >>> read_stem("volume-0.nii"), read_stem("benign (1).png")
        (('0',), ('benign', '1'))
    """
    return drop(split_words(SUFFIX.sub("", file_name)), words.PICTURES)


def list_stems(file_name: str) -> tuple[tuple[str, ...], ...]:
    """Returns what a mask may share with the name of its picture (see `read_stem`), the likeliest first.

    Example:
        >>> list_stems("benign (1)_mask_1.png"), list_stems("IDRiD_01_MA.tif")
        ((('benign', '1', '1'), ('benign', '1')), (('idri', 'd', '01', 'ma'), ('idri', 'd', '01')))
    """
    parts = split_words(SUFFIX.sub("", file_name))
    places = [index for index, part in enumerate(parts) if part in words.MASKS or part == "manual"]
    plain = drop(parts, words.MASKS | words.PICTURES)
    before = drop(parts[: places[0]], words.PICTURES) if places and places[0] else plain
    bare = drop(plain, words.ANATOMY | words.FINDINGS)
    stems = tuple(dict.fromkeys((plain, before, bare)))
    return tuple(dict.fromkeys((*stems, *map(drop_splits, stems), *list_beginnings(plain))))


def list_beginnings(stem: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Returns the words of a stem without one or two at its end that name what is drawn, as in `IDRiD_01_MA`."""
    ends = [stem[:-count] for count in (1, 2) if not any(map(str.isdigit, stem[-count:]))]
    return [end for end in ends if any(map(str.isdigit, end))]


def drop_channel(stem: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the words of a stem without the number of the channel, as nnU-Net asks for: `case_001_0000`."""
    named = CHANNEL.fullmatch(stem[-1]) if stem else None
    return stem[:-1] if named and any(map(str.isdigit, stem[:-1])) else stem


def drop_splits(stem: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the words of a stem without those for splits, as pictures and masks of DRIVE share their number alone."""
    return drop(stem, frozenset(words.SPLIT_WORDS)) or stem


def drop(parts: tuple[str, ...], unwanted: frozenset[str]) -> tuple[str, ...]:
    """Returns the words that are not unwanted."""
    return tuple(part for part in parts if part not in unwanted)


def may_be_mask(folders: tuple[str, ...], file_name: str) -> bool:
    """Tells whether a file deserves a closer look: cheap, since it is asked of every file."""
    plain = file_name if file_name.isascii() else spell_plainly(file_name)
    return bool(MAYBE.search(plain)) or read_context(folders).masked


def read_candidate(folders: tuple[str, ...], file_name: str, path: str, name: str) -> Candidate | None:
    """Returns a file as a candidate for a mask; None if nothing in its names speaks for it.

    Args:
        folders: Names of the folders above it, from the source down.
        file_name: Name of the file.
        path: Its path.
        name: Its path relative to the source; safe in text files.
    """
    context = read_context(folders)
    parts = split_words(SUFFIX.sub("", file_name))
    places = [index for index, part in enumerate(parts) if part in words.MASKS]
    if not context.masked and not places:
        return None
    keys = tuple((context.folders, stem) for stem in list_stems(file_name))
    said = context.said | frozenset(part for part in parts if places)
    finding = bool(said & words.FINDINGS) and places_say(context, parts, places)
    file = MaskFile(path, name, finding, bool(said & (words.ANATOMY | words.FINDINGS)))
    begins = bool(parts) and parts[0] in words.MASKS_ALONE
    return Candidate(file, folders, keys, context.masked or is_sure(parts, places), begins)


def places_say(context: Context, parts: tuple[str, ...], places: list[int]) -> bool:
    """Tells whether a word for a finding stands in the folder's name or beside the word for a mask.

    Args:
        context: What the folders say.
        parts: Words of the file name.
        places: Positions of the words for masks among them.
    """
    beside = {parts[near] for place in places for near in (place - 1, place + 1) if 0 <= near < len(parts)}
    return bool((context.said | beside) & words.FINDINGS)


def is_sure(parts: tuple[str, ...], places: list[int]) -> bool:
    """Tells whether a file name that holds words for masks is a mask's, even if no picture has the rest of the name.

    Example:
        >>> is_sure(("x", "mask", "1"), [1]), is_sure(("segmentation", "0"), [0]), is_sure(("seg", "x"), [0])
        (True, True, False)
    """
    strong = [place for place in places if parts[place] in words.MASKS_ALONE]
    after = parts[strong[-1] + 1 :] if strong else ("none",)
    return all(part.isdigit() or part in words.ANATOMY | words.FINDINGS for part in after)


@dataclass
class MaskIndex:
    """The masks of a source, by the pictures that they belong to.

    Attributes:
        masks: Masks by the key of their picture.
        loose: Masks without a picture, by path.
        paths: Paths of all masks.
        dicom: Those of masks in DICOM, which are loose.
        reason: Why masks whose names do not tell outline findings, in words; "" if nothing shows it.
    """

    masks: dict[Key, list[MaskFile]] = field(default_factory=dict)
    loose: dict[str, MaskFile] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    dicom: set[str] = field(default_factory=set)
    reason: str = ""

    def list_untold(self) -> set[str]:
        """Returns the paths of the masks whose names do not say what they outline."""
        return {file.path for files in self.masks.values() for file in files if not file.told}

    def leave_out(self, paths: set[str]) -> None:
        """Takes masks in DICOM as loose, whatever picture they belong to."""
        self.dicom |= paths
        for key, files in self.masks.items():
            self.loose |= {file.path: file for file in files if file.path in paths}
            self.masks[key] = [file for file in files if file.path not in paths]

    def state_findings(self, reason: str) -> None:
        """Takes the masks whose names do not tell as those of findings, if there is a reason."""
        self.reason = reason
        for key, files in self.masks.items():
            self.masks[key] = [file if file.told or not reason else file._replace(finding=True) for file in files]

    def find(self, folders: tuple[str, ...], file_name: str) -> list[MaskFile]:
        """Returns the masks of a picture."""
        if not self.masks:
            return []
        stem, above = read_stem(file_name), read_context(folders).folders
        keys = dict.fromkeys(((above, stem), (above, drop_splits(stem)), (above, drop_channel(stem))))
        beside = [mask for key in keys for mask in self.masks.get(key, ())]
        return beside or self.masks.get((ANYWHERE, stem), [])

    def tell(self) -> list[str]:
        """Returns in a few lines how many masks there are, and what they were taken for."""
        files = [file for files in self.masks.values() for file in files]
        findings, shown = sum(file.finding for file in files), sum(file.finding and not file.told for file in files)
        guessed = sum(not file.told for file in files) - shown
        lines = []
        if findings > shown:
            lines.append(f"{OF_FINDINGS}, by their names: {findings - shown:,}")
        if shown:
            lines.append(f"{OF_FINDINGS}, {self.reason}: {shown:,}")
        if len(files) > findings:
            reason = f"; {UNTOLD}" if guessed else ""
            lines.append(f"{OF_ANATOMY}: {len(files) - findings:,}{reason}")
        if self.dicom:
            remedy = "to attach them, convert them to PNG"
            lines.append(f"masks in DICOM, listed in quarantine.csv; {remedy}: {len(self.dicom):,}")
        if lone := self.loose.keys() - self.dicom:
            lines.append(f"masks without a picture of their name, listed in quarantine.csv: {len(lone):,}")
        return lines


class MaskSearch:
    """Collects names of pictures and candidates in one pass, and joins them at its end.

    Pictures are kept as hashes alone.
    """

    def __init__(self) -> None:
        self.candidates: list[Candidate] = []
        self.index = MaskIndex()
        self._keys: set[int] = set()
        self._bare: dict[int, bool] = {}
        self._stems: dict[int, bool] = {}

    def add_picture(self, folders: tuple[str, ...], file_name: str) -> None:
        """Adds a file that is no candidate."""
        stem, above = read_stem(file_name), read_context(folders).folders
        self._keys.update((hash((above, stem)), hash((above, drop_channel(stem)))))
        bare = hash((above, drop_splits(stem)))
        self._bare[bare] = bare not in self._bare
        self._stems[hash(stem)] = hash(stem) not in self._stems

    def finish(self) -> list[Candidate]:
        """Fills the index of masks, and returns the candidates that are pictures after all."""
        index, pictures = self.index, []
        for candidate in self.candidates:
            key = self.choose(candidate)
            if key is None and not candidate.sure:
                pictures.append(candidate)
                continue
            index.paths.add(candidate.file.path)
            if key is None:
                index.loose[candidate.file.path] = candidate.file
            else:
                index.masks.setdefault(key, []).append(candidate.file)
        index.leave_out({path for path in index.paths if path.lower().endswith(DICOM)})
        return pictures

    def choose(self, candidate: Candidate) -> Key | None:
        """Returns the key of the picture that a candidate belongs to: beside it, or the only one of that name."""
        beside = next((key for key in candidate.keys if hash(key) in self._keys or self._bare.get(hash(key))), None)
        if beside or not (candidate.sure or candidate.begins):
            return beside
        return next(((ANYWHERE, stem) for _, stem in candidate.keys if stem and self._stems.get(hash(stem))), None)
