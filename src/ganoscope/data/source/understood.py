"""A source whose folders were understood before its files are listed: split, class and patient of each, and masks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from ganoscope.data.levels.interpretation import Reading, read_levels
from ganoscope.data.levels.mask_names import (
    DICOM,
    Candidate,
    MaskIndex,
    MaskSearch,
    may_be_mask,
    read_candidate,
    read_context,
)
from ganoscope.data.levels.stated import Place
from ganoscope.data.readers import readers
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.finding_classes import find_reason
from ganoscope.data.source.walk import Found, find_table_fault, walk_files

MASK = "a volume in a folder of label maps is no image of anatomy"
NAMED_MASK = "a segmentation, by its name; not taken as a picture"
LONE_MASK = "a mask without its picture, by its name or folder"
DICOM_MASK = "a mask in DICOM, by its folder; to attach it, convert it to PNG under the same name"
STACKS = (".npy", ".npz", *DICOM)
"""Suffixes of files that are never taken as masks by their name; in a folder of masks, only beside a picture."""


@dataclass(frozen=True)
class Understood:
    """A source whose names were read.

    Attributes:
        source: Source folder.
        reading: What its folders mean.
        masks: Masks by their pictures.
    """

    source: Path
    reading: Reading
    masks: MaskIndex

    def list_images(self, attach: bool = True) -> Iterator[SourceImage]:
        """Yields every file with what is known about it, in the order of paths.

        Args:
            attach: Whether masks are given to their pictures; otherwise they are entries with a fault.
        """
        for found in walk_files(self.source):
            path = str(found.path)
            if path not in self.masks.paths:
                yield self.make_image(found, attach)
            elif not attach:
                fault = MASK if read_context(found.folders).masked else NAMED_MASK
                yield replace(self.make_image(found, attach), fault=found.fault or fault)
            elif path in self.masks.loose:
                yield replace(self.make_image(found, attach), fault=self.name_loose(path))

    @cached_property
    def place(self) -> Callable[[tuple[str, ...]], Place]:
        """Function that returns split, class and patient of a folder; it remembers, as files of one come in a row."""
        return lru_cache(16)(self.reading.place)

    def make_image(self, found: Found, attach: bool) -> SourceImage:
        """Returns the entry of a file, with its masks if they are attached."""
        split, label, patient = self.place(found.folders)
        masks = self.masks.find(found.folders, found.path.name) if attach and is_picture(found) else []
        return SourceImage(
            (found.path,),
            found.name,
            label,
            split,
            patient,
            mask=tuple(Path(mask.path) for mask in masks if mask.finding),
            anatomy=tuple(Path(mask.path) for mask in masks if not mask.finding),
            fault=found.fault or find_table_fault(found),
        )

    def name_loose(self, mask: str) -> str:
        """Returns the reason why a mask is listed and not attached."""
        return DICOM_MASK if mask in self.masks.dicom else LONE_MASK

    def tell(self, attach: bool = True) -> list[str]:
        """Returns what was understood, in lines for the terminal.

        Args:
            attach: Whether masks are given to their pictures.
        """
        maps = [f"label maps, listed and not taken: {len(self.masks.paths):,}"] if self.masks.paths else []
        return [*self.reading.tell(), *(self.masks.tell() if attach else maps)]


def understand(source: Path, levels: str = "", strict: bool = True, known: frozenset[str] = frozenset()) -> Understood:
    """Returns what the names in a source say.

    Args:
        source: Source folder.
        levels: The user's `--levels`; "" if they are to be worked out.
        strict: Whether a source that can be read in two ways is refused.
        known: Names of folders that are patients, whatever they look like.

    Raises:
        UserError: Two readings are equally good, or `levels` does not fit the folders.
        OSError: A folder can't be listed.
    """
    search = MaskSearch()
    reading = read_levels(walk_pictures(source, search), levels, source, strict, known)
    understood = Understood(source, reading, search.index)
    if untold := search.index.list_untold():
        search.index.state_findings(find_reason(understood.list_images(), untold))
    return understood


def locate(source: Path, folder: str) -> Path:
    """Returns a stated folder of masks; where there is none of that path, the one inside the source."""
    return Path(folder) if Path(folder).is_dir() or not (source / folder).is_dir() else source / folder


def walk_pictures(source: Path, search: MaskSearch) -> Iterator[tuple[str, ...]]:
    """Yields the folders above each picture of a source, and gathers its masks on the way."""
    for found in filter(is_picture, walk_files(source)):
        if candidate := find_candidate(found):
            search.candidates.append(candidate)
        else:
            yield found.folders
    if search.candidates:  # few sources have masks: only these are worth another walk
        for found in filter(is_picture, walk_files(source)):
            if not find_candidate(found):
                search.add_picture(found.folders, found.path.name)
    yield from (candidate.folders for candidate in search.finish())


def find_candidate(found: Found) -> Candidate | None:
    """Returns a file as a candidate for a mask; None if its names say nothing of masks."""
    file_name = found.path.name
    stack = file_name.lower().endswith(STACKS)
    if not may_be_mask(found.folders, file_name) or (stack and not read_context(found.folders).masked):
        return None
    candidate = read_candidate(found.folders, file_name, str(found.path), found.name)
    return candidate._replace(sure=False, begins=True) if candidate and stack else candidate


def is_picture(found: Found) -> bool:
    """Tells whether a file can be used and has the suffix of a picture; files without a suffix may be DICOM."""
    return not (found.fault or find_table_fault(found)) and has_picture_suffix(found.path.suffix.lower())


@lru_cache
def has_picture_suffix(suffix: str) -> bool:
    """Tells whether pictures have this suffix."""
    return not suffix or suffix == ".gz" or suffix in readers() or suffix[1:].isdigit()
