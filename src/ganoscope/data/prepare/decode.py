"""Decodes one entry of a source into pictures at the store's size: the part of `prepare` that runs on all cores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.body_regions import tell_region
from ganoscope.data.checks.markers import find_markers, is_searchable
from ganoscope.data.checks.series import SeriesFacts
from ganoscope.data.checks.thumbnails import make_folded_thumbnail
from ganoscope.data.checks.undeclared_hu import find_hu_offset
from ganoscope.data.file_limits import start_bounds
from ganoscope.data.geometry.placement import (
    AIR_HU,
    GeometryConfig,
    Placement,
    choose_placement,
    place,
)
from ganoscope.data.geometry.volumes import select_slices
from ganoscope.data.masks.label_maps import LABEL_MAP, are_label_maps, look_like_labels
from ganoscope.data.masks.mask_files import Masks, open_masks
from ganoscope.data.patients import PatientRule, extract_patient
from ganoscope.data.picture import Picture, ReadOptions, UnreadableError
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.facts.refusals import refuse_empty, refuse_extreme, refuse_fatal, refuse_unscalable
from ganoscope.data.prepare.facts.series_check import check_volumes
from ganoscope.data.prepare.faults import explain_fault
from ganoscope.data.prepare.listing import Entry, Listing, parse
from ganoscope.data.prepare.transfer import Decoded, Origin, Row, make_row
from ganoscope.data.readers import read
from ganoscope.data.readers._reformat import needs_cut, read_cut
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.store.intensity import IntensityConfig, find_raw_range, scale_to_16_bits
from ganoscope.files import compute_sha256, escape_unprintable
from ganoscope.parallel import make_chunks

INDEPENDENT_SUFFIXES = (".npy", ".npz")
"""File types whose pictures are assumed to show different patients; in all others, one file is one patient."""
PART = 256
"""Number of pictures of such a file in memory at a time."""
FLAT_HU = 20.0
"""Thumbnails with a smaller standard deviation show only air or one tissue, and noise."""
SEARCHED = 500
"""Number of pictures searched for burnt-in text and markers: all of smaller sets, a random sample of larger ones."""


@dataclass(frozen=True)
class Recipe:
    """Settings for decoding every entry; sent to each worker process."""

    geometry: GeometryConfig
    intensity: IntensityConfig
    options: ReadOptions
    rule: PatientRule | None
    modality: str = ""
    searched_share: float = 1.0
    ignore_source_splits: bool = False
    fatal: Mapping[int, str] = field(default_factory=dict)  # reasons not to open files, by number


def make_recipe(config: PrepareConfig, listing: Listing) -> Recipe:
    """Returns the decoding settings for a listing."""
    return Recipe(
        config,
        config,
        config,
        listing.rule,
        config.modality,
        min(1.0, SEARCHED / listing.files),
        config.ignore_source_splits,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """Result of decoding one entry, or a part of it.

    Attributes:
        files: Number of files completed; 0 for all parts of an entry except the last.
        rows: Pictures, and the reasons for unusable ones.
        series: Facts about each volume that pictures are slices of, by its number in the entry.
    """

    files: int
    rows: tuple[Row, ...]
    series: Mapping[int, SeriesFacts] = field(default_factory=dict)


def decode_entry(line: str, recipe: Recipe) -> Result:
    """Returns the pictures of an entry (a line of the listing) in order; unusable ones come with the reason."""
    entry = parse(line)
    if entry.image.fault:
        return refuse_all(entry, entry.image.fault)
    try:
        return decode_together(entry, recipe)
    except Exception as error:
        return refuse_all(entry, explain_fault(error))


def decode_together(entry: Entry, recipe: Recipe) -> Result:
    """Returns the pictures of an entry, which are the slices of volumes if they have positions.

    Raises:
        UnreadableError: The entry can't be used.
    """
    image, plane = entry.image, recipe.options.plane
    if needs_cut(image.path, plane):
        refuse_fatal(*recipe.fatal.values())  # they are read together
        pictures = list(decode_cut(entry, recipe))
    else:
        files = choose_files(entry, recipe)
        pictures = [item for number, path in files for item in decode_file(number, path, image, recipe)]
    if is_labelled(pictures, recipe.options):
        return refuse_all(entry, LABEL_MAP)
    decoded, series = check_volumes(pictures, image, recipe.options.slices)
    rows = (make_row(item, find_kin(entry, item)) for item in scale(decoded, recipe.intensity))
    return Result(len(image.paths), tuple(rows), series)


def decode_cut(entry: Entry, recipe: Recipe) -> Iterator[Decoded]:
    """Yields slices of the requested plane through the volumes of an entry; they are filed under its first file.

    Raises:
        UnreadableError: The entry can't be read or cut.
    """
    digest = sha256("".join(compute_sha256(path) for path in entry.image.paths).encode()).hexdigest()
    masks = open_masks(entry.image, recipe.options)
    for picture in read_cut(entry.image.paths, recipe.options):
        yield decode_picture(entry.number, picture, entry.image, recipe, digest, masks)


def find_kin(entry: Entry, item: Decoded) -> str:
    """Returns the key of the pictures that show the same patient as this one: its volume, series or file."""
    if item.picture and item.picture.position_mm is not None:
        return entry.image.kin or f"entry {entry.number}"
    return f"file {item.number}"


def holds_many(line: str) -> bool:
    """Tells whether an entry may hold any number of unrelated pictures."""
    named = any(suffix in line.lower() for suffix in INDEPENDENT_SUFFIXES)  # avoids parsing most lines
    return named and parse(line).image.path.suffix.lower() in INDEPENDENT_SUFFIXES


def decode_any(line: str, recipe: Recipe) -> Iterator[Result]:
    """Yields the pictures of any entry, in parts if it may hold many."""
    if holds_many(line):
        yield from decode_in_parts(line, recipe)
    else:
        yield decode_entry(line, recipe)


def decode_in_parts(line: str, recipe: Recipe) -> Iterator[Result]:
    """Yields the pictures of an entry for which `holds_many` is true, in parts, so that memory stays constant."""
    entry = parse(line)
    if entry.image.fault:
        yield refuse_all(entry, entry.image.fault)
        return
    pictures = decode_file(entry.number, entry.image.path, entry.image, recipe)
    for number, part in enumerate(make_chunks(pictures, PART)):
        if number == 0 and is_labelled(part, recipe.options):
            yield refuse_all(entry, LABEL_MAP)
            return
        yield Result(0, tuple(make_scaled_row(item, recipe.intensity) for item in part))
    yield Result(1, ())


def is_labelled(decoded: Sequence[Decoded], options: ReadOptions) -> bool:
    """Tells whether the pictures of an entry are label maps beside a picture."""
    known = next((item for item in decoded if item.labels), None)
    return known is not None and are_label_maps(known.image, [item.labels for item in decoded], known.shape, options)


def make_scaled_row(item: Decoded, config: IntensityConfig) -> Row:
    """Returns the row of a picture that is independent of the others in its file."""
    try:
        (scaled,) = scale([item], config)
        return make_row(scaled)
    except Exception as error:
        return make_row(Decoded(item.number, item.name, item.image, reason=explain_fault(error)))


def refuse_all(entry: Entry, reason: str) -> Result:
    """Returns a result that rejects every file of the entry."""
    names = [find_name(entry.image, path) for path in entry.image.paths]
    refused = (Decoded(entry.number + index, name, entry.image, reason=reason) for index, name in enumerate(names))
    return Result(len(names), tuple(make_row(item) for item in refused))


def choose_files(entry: Entry, recipe: Recipe) -> Iterable[tuple[int, Path]]:
    """Returns the files to read, each with its number; of a series, only the requested slices."""
    paths = entry.image.paths
    wanted = select_slices(recipe.options.slices, len(paths)) if len(paths) > 1 else [0]
    return [(entry.number + index, paths[index]) for index in wanted]


def find_name(image: SourceImage, path: Path) -> str:
    """Returns the path of a file of an entry relative to the source, with forward slashes.

    Example:
        >>> series = SourceImage((Path("in/p1/a.dcm"), Path("in/p1/b.dcm")), "p1/a.dcm")
        >>> find_name(series, Path("in/p1/b.dcm"))
        'p1/b.dcm'
    """
    if path == image.path:
        return image.name
    source = image.path.parents[image.name.count("/")]
    return "/".join(escape_unprintable(part) for part in path.relative_to(source).parts)


def decode_file(number: int, path: Path, image: SourceImage, recipe: Recipe) -> Iterator[Decoded]:
    """Yields the pictures of a file one by one; if the file is unreadable, a rejection with the reason comes last.

    Args:
        number: Number of the source file.
        path: File to read.
        image: Entry that the file belongs to.
        recipe: Decoding settings.
    """
    name = find_name(image, path)
    try:
        refuse_fatal(recipe.fatal.get(number, ""))
        bounds = start_bounds(path, recipe.options)
        digest, masks = compute_sha256(path), open_masks(image, recipe.options)
        pictures: Iterator[Picture] | None = None
        while True:
            with bounds.holding():
                pictures = pictures or iter(read(path, recipe.options))
                picture = next(pictures, None)
                if picture is None:
                    return
                decoded = decode_picture(number, picture, image, recipe, digest, masks)
                del picture
            yield replace(decoded, name=name)
    except Exception as error:
        yield Decoded(number, name, image, reason=explain_fault(error))


def decode_picture(
    number: int, picture: Picture, image: SourceImage, recipe: Recipe, digest: str, masks: Masks
) -> Decoded:
    """Returns one picture in the square of the store, or a rejection with the reason.

    Args:
        number: Number of the source file.
        picture: Picture as read from the file.
        image: Entry that the file belongs to.
        recipe: Decoding settings.
        digest: SHA-256 of the source file.
        masks: Masks of the source file.
    """
    try:
        refuse_empty(picture)
        refuse_extreme(picture)
        refuse_unscalable(picture, recipe.intensity)
        placement = choose_placement(picture, recipe.geometry)
        mask, anatomy = masks.place(picture, placement, recipe.geometry.size)
        pixels = place(picture, placement, recipe.geometry)
    except UnreadableError as error:
        return Decoded(number, image.name, image, reason=str(error))
    patient, origin = choose_patient(image, picture, recipe.rule)
    modality = recipe.modality or picture.modality or image.modality
    offset = find_hu_offset(picture.pixels) if picture.unit == "grey 16 bit" else None
    signed = (
        picture.pixels if offset is None else (picture.pixels.astype(np.int32) - offset).clip(-2048, 32767).astype("i2")
    )
    searched = is_searchable(picture.pixels) and is_sampled(f"{digest} {picture.frame}", recipe.searched_share)
    return Decoded(
        number=number,
        name=image.name,
        image=image,
        picture=replace(
            picture,
            pixels=pixels,
            spacing_mm=compute_spacing(picture, placement),
            modality=modality,
            view=picture.view or image.view,
            split="" if recipe.ignore_source_splits else image.split or picture.split,
        ),
        shape=(picture.pixels.shape[0], picture.pixels.shape[1]),
        labels=look_like_labels(picture.pixels),
        placement=placement,
        thumbnail=draw_thumbnail(picture),
        mask=mask,
        anatomy=anatomy,
        searched=searched,
        markers=tuple(placement.to_store(marker.box) for marker in find_markers(signed)) if searched else (),
        digest=digest,
        region=tell_region(picture),
        like_hu=offset,
        patient=patient,
        origin=origin,
        stated_split=image.split or picture.split,
    )


def choose_patient(image: SourceImage, picture: Picture, rule: PatientRule | None) -> tuple[str, Origin]:
    """Returns the patient id of a picture and where it comes from: what the user states goes before all else.

    Args:
        image: Entry that the picture belongs to.
        picture: Picture as read from its file.
        rule: How patient ids are read from names and paths.
    """
    if rule and rule.stated:
        stated = rule.find(image.name, image.patient or picture.patient)
        if stated or (stated := extract_patient(rule.pattern, picture.patient)):
            return stated, "pattern"
    named = rule.find(image.name) if rule and not rule.stated else ""
    patient = image.patient or named or picture.patient
    return patient, "header" if patient == picture.patient else "source"


def draw_thumbnail(picture: Picture) -> NDArray[np.float16]:
    """Returns the folded thumbnail, float16. In HU, unmeasured pixels count as air, and a picture of air as empty.

    Otherwise slices of different patients would look alike because of the round field of view of the scanner.

    Returns:
        Shape (THUMBNAIL_PX**2,), see `make_folded_thumbnail`.
    """
    if picture.unit != "HU":
        return make_folded_thumbnail(picture.pixels)
    return make_folded_thumbnail(np.maximum(picture.pixels, AIR_HU), FLAT_HU)


def is_sampled(name: str, share: float) -> bool:
    """Tells whether a picture belongs to a reproducible random sample of all pictures."""
    return crc32(name.encode()) < share * 2**32


def compute_spacing(picture: Picture, placement: Placement) -> tuple[float, float] | None:
    """Returns the pixel spacing of a picture in the store in mm; None where it is unknown."""
    if picture.spacing_mm is None:
        return None
    rows, columns = placement.scale
    return picture.spacing_mm[0] / rows, picture.spacing_mm[1] / columns


def scale(decoded: Sequence[Decoded], config: IntensityConfig) -> Iterator[Decoded]:
    """Yields the pictures with signals mapped to 16 bits, by the range of each image or of the whole series."""
    signals = [item.picture.pixels for item in decoded if item.picture and needs_scale(item.picture, config)]
    common = find_raw_range(signals, config) if signals and config.scale != "image" else None
    for item in decoded:
        if item.picture is None or not needs_scale(item.picture, config):
            yield item
            continue
        raw_range = common or find_raw_range([item.picture.pixels], config)
        pixels = scale_to_16_bits(item.picture.pixels, raw_range)
        yield replace(item, picture=replace(item.picture, pixels=pixels, unit="signal"), raw_range=raw_range)


def needs_scale(picture: Picture, config: IntensityConfig) -> bool:
    """Tells whether the values of a picture must be mapped to 16 bits."""
    if picture.unit == "HU" or config.scale == "none":
        return False
    return picture.unit == "signal" or config.scale in ("image", "series")
