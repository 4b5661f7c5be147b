"""Images in files as cases, brought to the run's geometry and intensity by the code of `ganoscope prepare`.

Every entry is decoded twice: once as `prepare` does, for the networks, and once more for the source's own pixels, so
that memory holds one source picture at a time.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.counterfactuals.cases.case import Case, Refused, draw_boxes
from ganoscope.counterfactuals.cases.seen import list_seen, name_content
from ganoscope.counterfactuals.cases.store_cases import find_unit, get_prepared
from ganoscope.data.file_limits import RANGES
from ganoscope.data.geometry.placement import parse_placement
from ganoscope.data.layouts import find_layout, folders
from ganoscope.data.patients import compile_pattern
from ganoscope.data.picture import Picture, UnreadableError
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.decode import (
    INDEPENDENT_SUFFIXES,
    Recipe,
    choose_files,
    decode_any,
    refuse_all,
)
from ganoscope.data.prepare.decode_alone import explain_end, iterate_readable
from ganoscope.data.prepare.listing import Entry, Listing, iterate, parse, spool
from ganoscope.data.prepare.transfer import Row
from ganoscope.data.readers import read
from ganoscope.data.readers._content import tell_format
from ganoscope.data.readers._reformat import needs_cut, read_cut
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.store import Store
from ganoscope.data.store.intensity import DTYPE_OF_UNIT
from ganoscope.errors import UserError
from ganoscope.explanation.subjects import stem
from ganoscope.files import escape_unprintable
from ganoscope.locks import private_folder
from ganoscope.parallel.one_process import ProcessEndedError, ending_process
from ganoscope.training.run_folder.record import RunRecord

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", *INDEPENDENT_SUFFIXES)
"""Files that state no place in the patient: whole numbers in them are written as PNG."""
NO_LIMITS: Mapping[str, float] = {}
"""Default of `open_files`: the limits of the store hold."""
NEARLY_HU = (("signal", "HU"), ("grey 16 bit", "HU"))
"""(unit of a file, unit of the run): pairs where the file may hold HU that were not declared as such."""


@dataclass
class FileCases:
    """Reads the files of a listing as cases.

    Attributes:
        store: The store that the run was trained on: its geometry and intensity are those of the networks.
        prepared: How that store was prepared.
        domains: Domains of the run. Any other folder name may name a person, and is dropped.
        trained: Beginnings of the ids of the images that the run was trained on.
        judged: The same for images that the independent classifier was trained or selected on.
        hu_offset: Offset of Hounsfield units in files as the user states it; None for that of the run's own files.
        groups: Patients and volumes, numbered in order of appearance.
    """

    store: Store
    prepared: PrepareConfig
    domains: tuple[str, ...]
    trained: frozenset[str]
    judged: frozenset[str] = frozenset()
    hu_offset: int | None = None
    groups: dict[str, str] = field(default_factory=dict)

    def iterate(self, listing: Listing) -> Iterator[Case | Refused]:
        """Yields every image in order, or why it is not translated."""
        number = 0
        with ending_process():
            for line in iterate(listing.path):
                entry = parse(line)
                options = replace(self.prepared, hu_offset=self.find_offset(entry.image.path))
                recipe = Recipe(options, options, options, listing.rule, searched_share=0.0)
                for row, found in read_alone(line, recipe):
                    reason = self.find_misfit(row) if found else row.reason
                    if found is None or reason:
                        yield Refused(name_file(row), reason)
                    else:
                        yield self.make_case(f"{number:06d}", row, find_group(entry, row), *found)
                        number += 1

    def find_offset(self, path: Path) -> int | None:
        """Returns the offset of Hounsfield units in a file: the user's, else that of the run's files of the same kind.

        NIfTI files and pictures usually have different offsets: neither can be derived from the other.
        """
        if self.hu_offset is not None:
            return self.hu_offset
        return self.prepared.hu_offset if is_nifti(path) in self.kinds else None

    @cached_property
    def kinds(self) -> frozenset[bool]:
        """Whether the run's own files state a place in the patient, as NIfTI does; both where they are mixed."""
        return frozenset((self.store.column("position_mm") != "").tolist())

    def find_misfit(self, row: Row) -> str:
        """Returns why a picture is of another kind than the run's images; "" where it is of the same kind."""
        unit, modality = find_unit(self.store.intensity), row.values["modality"]
        if row.unit != unit:
            hint = "; --hu-offset says what its values add to HU" if (row.unit, unit) in NEARLY_HU else ""
            return f"{row.unit}, where the run learned from {unit}{hint}"
        if modality and self.store.modality not in ("", "mixed", modality):
            return f"modality {modality}, where the run learned from {self.store.modality}"
        return ""

    def make_case(self, name: str, row: Row, group: str, path: Path, picture: Picture) -> Case:
        """Returns a picture in both forms: as its file holds it, and as `prepare` stores it.

        Args:
            name: Number of the image.
            row: The picture as `prepare` stores it.
            group: Patient or volume of the picture.
            path: Its file.
            picture: The picture as its file holds it.
        """
        size, values = self.store.size, row.values
        mask, anatomy = (
            np.frombuffer(one, bool).reshape(size, size) if one else None for one in (row.mask, row.anatomy)
        )
        flat = path.suffix.lower() in PICTURE_SUFFIXES
        offset = self.find_offset(path) if flat and row.unit == "HU" else None
        placement = parse_placement(values["placement"])
        whole = picture.pixels.dtype in (np.uint8, np.uint16) or offset is not None
        return Case(
            name=name,
            file=name_file(row),
            source=replace(picture, patient="", patient_check="", shared_ids=()),
            pixels=np.frombuffer(row.pixels, DTYPE_OF_UNIT[row.unit]).reshape(size, size),
            placement=placement,
            filled=placement.filled,
            group=self.groups.setdefault(group, f"group-{len(self.groups):06d}"),
            label=values["label"] if values["label"] in self.domains else "",
            raw_range=(float(values["raw_low"]), float(values["raw_high"])) if values["raw_low"] else None,
            mask=draw_boxes(values["boxes"], size) if mask is None and values["boxes"] else mask,
            anatomy=anatomy,
            form="png" if flat and whole else "nifti",
            hu_offset=offset or 0,
            path=path,
            trained=name_content(row) in self.trained,
            judged=name_content(row) in self.judged,
        )


def find_group(entry: Entry, row: Row) -> str:
    """Returns the key that groups a picture with others of its patient: the patient id, else its file or series."""
    alone = "" if row.values["kin"] else f"frame {row.values['frame']}"
    return str(row.values["person"] or (entry.image.kin or entry.number, alone))


def open_files(
    store: Store,
    record: RunRecord,
    judge: TrainedClassifier | None = None,
    hu_offset: int | None = None,
    limits: Mapping[str, float] = NO_LIMITS,
) -> FileCases:
    """Returns the reader of files for a run.

    Args:
        store: The store that the run was trained on.
        record: Record of the run.
        judge: Independent classifier, for its training images; None without one.
        hu_offset: Offset of Hounsfield units in the files as the user states it; None for that of the run's own files.
        limits: Limits on the work on one file that replace those of the run's store, by option.
    """
    trained, judged = (frozenset(map(stem, ids)) for ids in (record.sample_ids, list_seen(judge)))
    prepared = get_prepared(store)
    options = replace(prepared, **{name: limits.get(name, getattr(prepared, name)) for name in RANGES})
    return FileCases(store, options, record.domains, trained, judged, hu_offset)


def is_nifti(path: Path) -> bool:
    """Tells by its content whether a file is NIfTI."""
    return path.is_file() and tell_format(path) == ".nii"


def count_images(listing: Listing) -> int | None:
    """Returns how many images a listing holds; None where a file may hold many."""
    several = (parse(line).image.path for line in iterate(listing.path))
    return (
        None
        if any(is_nifti(path) or path.suffix.lower() in INDEPENDENT_SUFFIXES for path in several)
        else listing.files
    )


def list_entries(folder: Path, prepared: PrepareConfig) -> Iterable[SourceImage]:
    """Returns the entries of a folder; subfolders may be named after patients, since no classes are needed."""
    name, layout = find_layout(folder)
    if name == "folders":
        return folders.walk_images(folder)
    return layout.list_images(folder, replace(prepared, levels=""))


@contextmanager
def open_listing(images: Path, prepared: PrepareConfig) -> Iterator[Listing]:
    """Yields the list of entries of a folder or a file; it contains file names, and is removed afterwards.

    Raises:
        UserError: There is nothing to read.
    """
    if not images.exists():
        raise UserError(f"no images at {images}; allowed: a store, an image of any supported format, or a folder.")
    entries = list_entries(images, prepared) if images.is_dir() else [SourceImage((images,), images.name)]
    with private_folder("listing") as folder:
        listing = spool(entries, folder / "listing.jsonl", compile_pattern(prepared.patient_pattern))
        if not listing.files:
            raise UserError(f"folder {images} holds no files; allowed: a store, an image, or a folder with some.")
        yield listing


def iterate_key(listing: Listing) -> Iterator[tuple[str, str]]:
    """Yields (number, name) of every file: the key to the numbering."""
    for entry in map(parse, iterate(listing.path)):
        source = entry.image.path.parents[entry.image.name.count("/")]
        for index, path in enumerate(entry.image.paths):
            name = escape_unprintable(path.relative_to(source).as_posix())
            yield f"file-{entry.number + index:07d}", name


def read_alone(line: str, recipe: Recipe) -> Iterator[tuple[Row, tuple[Path, Picture] | None]]:
    """Yields the same as `read_entry`, from a process of its own: files that end it come with the reason."""
    try:
        yield from iterate_readable(read_entry, line, recipe)
    except ProcessEndedError as error:
        yield from ((row, None) for row in refuse_all(parse(line), explain_end(error)).rows)


def read_entry(line: str, recipe: Recipe) -> Iterator[tuple[Row, tuple[Path, Picture] | None]]:
    """Yields each picture of an entry as `prepare` stores it, with its file and the picture as the file holds it."""
    entry = parse(line)
    sources = read_sources(entry, recipe)
    for row in (row for result in decode_any(line, recipe) for row in result.rows):
        wanted = (row.values.get("number"), row.values.get("frame"))
        same = ((path, picture) for number, path, picture in sources if (number, picture.frame) == wanted)
        yield row, next(same, None) if row.pixels else None


def read_sources(entry: Entry, recipe: Recipe) -> Iterator[tuple[int, Path, Picture]]:
    """Yields (number of the file, file, picture) of an entry; damaged files give the pictures before the damage."""
    if needs_cut(entry.image.path, recipe.options.plane):
        yield from ((entry.number, entry.image.path, cut) for cut in read_cut(entry.image.paths, recipe.options))
        return
    for number, path in choose_files(entry, recipe):
        if number in recipe.fatal:
            continue
        with suppress(UnreadableError, OSError):  # the decoded rows state the reason
            for picture in read(path, recipe.options):
                yield number, path, picture


def name_file(row: Row) -> str:
    """Returns the number of a row's file, as stores write it."""
    return f"file-{row.values['number']:07d}"
