"""Burnt-in letters: the L or R of a radiograph, and short texts near the border of a picture. A hint, not a finding.

Letters are searched for by their shape, in a copy of at most `WORK_PX` pixels: thin bright strokes, packed into a box
of a letter's size, that stand sharply and alone on an even background in the outer part of the picture. Missed are dark
or pale letters, text smaller than about 2% of the picture's long side, letters that touch bright anatomy or were cut
off by the border, rulers and frames. Bent tubes, clips and wires may be mistaken for letters. On pictures
smaller than `SMALLEST_PX` a letter is a few blurred pixels: they are not searched.

Measured on the half of the shared real images that nothing was tuned on, against a reading by eye: a letter was found
in 39 of 46 chest radiographs that have one (85%; 37 of 45 of those tuned on), and in none of the 4 that have none.
False alarms: 13 of 921 brain slices (ears, vessels, bone), 0 of 299 chest CT pictures, and 0 of all 58 CT slices in HU.
About 5% of the boxes in flagged radiographs hold no letter but a clip, a wire or a lead.

Source: the opening that separates strokes from broad structures is the white top-hat of Meyer 1979, "Iterative image
    transformations for an automatic screening of cervical smears", https://doi.org/10.1177/27.1.438499
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.errors import write_count

WORK_PX = 256
"""Long side, at most, of the copy that is searched: letters of radiographs are some 7 to 17 pixels high in it."""
SMALLEST_PX = 96
"""Pictures whose long side is smaller are not searched."""
STROKE = 0.035
"""Strokes are thinner than this share of the long side; broader structures are taken away."""
RISE = 0.2
"""A stroke rises above its surroundings by this share of the picture's range at least."""
CONTRAST = 0.35
"""The upper quarter of a letter's pixels rises above the median of the ring around it by this share of the range."""
PEAK = 0.6
"""Letters are burnt in nearly white: their upper quarter lies above this share of the range."""
UNEVEN = 0.75
"""The ring's middle 80% of values may spread over this share of the contrast."""
OVERSHOOT = 0.5
"""The ring's brightest value may rise above its median by this share of the contrast: letters have sharp edges."""
HEIGHT, WIDTH = (0.02, 0.13), (0.01, 0.13)
"""Range of a letter's height and width as shares of the long side."""
OUTER = 0.2
"""A letter's centre lies within this share of the height or width from the nearest border."""
WINDING = 1.4
"""The strokes' total length over the box's diagonal: below 1 for lines and discs, about 2 for an R."""
PLAIN_WINDING, PLAIN_CONTRAST, PLAIN_UNEVEN = 1.0, 0.5, 0.25
"""Simple forms such as L and T count where the contrast is higher and the background more even."""
THICKNESS_PER_DEPTH = 3.4
"""Thickness of a stroke per pixel of mean depth beyond half a pixel; 4 would be exact for broad strokes."""
DARK = 0.25
"""In CT, whose values are signed, the ring's median lies below this share of the range: letters stand in air, and what
stands in tissue is bone."""
FILL = 0.85
"""A letter leaves at least 1 - FILL of its box empty."""
MARKED_SHARE = 0.02
"""Share of the searched images with burnt-in text or markers from which an alarm is raised."""

Region: TypeAlias = tuple[slice, slice]
Pick: TypeAlias = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint8]]


@dataclass(frozen=True)
class Marker:
    """Something that looks like a burnt-in letter.

    Attributes:
        box: x, y (top-left corner), width and height in pixels of the picture that was searched.
    """

    box: tuple[int, int, int, int]


def is_searchable(pixels: NDArray[np.generic]) -> bool:
    """Tells whether a picture (H, W) is large enough for letters to be recognised."""
    return max(pixels.shape) >= SMALLEST_PX


def find_markers(pixels: NDArray[np.generic]) -> tuple[Marker, ...]:
    """Returns likely burnt-in letters in a decoded picture; pictures below `SMALLEST_PX` are not searched.

    It is a hint, with false alarms and misses (see the module's docstring), never proof that a picture is clean.

    Args:
        pixels: Shape (H, W), any real type and range, bright on dark: as `readers.Picture` holds them.

    Example:
        >>> find_markers(np.zeros((256, 256), np.uint8))
        ()
    """
    if not is_searchable(pixels):
        return ()
    picture, step = shrink(pixels)
    longest = max(picture.shape)
    broad = open_grey(picture, max(3, round(STROKE * longest) | 1))
    ground = DARK if pixels.dtype == np.int16 else 1.0
    strokes = picture - broad > 255 * RISE
    parts, count = ndimage.label(strokes, np.ones((3, 3)))
    letters = (
        region
        for number, region in (find_candidates(strokes, parts, count, picture) if count else ())
        if is_letter(picture, parts, number, region, ground)
    )
    return tuple(Marker(scale_box(region, step, pixels.shape)) for region in letters)


def find_candidates(
    strokes: NDArray[np.bool_], parts: NDArray[np.int32], count: int, picture: NDArray[np.uint8]
) -> Iterator[tuple[int, Region]]:
    """Yields (number, box) of the parts that have a letter's size, place and brightness.

    All parts are measured at once: pictures have hundreds, and hardly one is a letter.

    Args:
        strokes: Pixels that belong to any part, shape (H, W).
        parts: Number of each pixel's part, shape (H, W), from 1.
        count: Number of parts.
        picture: What is searched, shape (H, W).
    """
    places = np.flatnonzero(strokes)
    numbers = parts.ravel()[places].astype(np.uint16)  # NumPy sorts 16-bit numbers ten times as fast
    places = places[np.argsort(numbers, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=count + 1)[1:-1])])
    rows, columns = np.divmod(places, picture.shape[1])
    top, left = np.minimum.reduceat(rows, starts), np.minimum.reduceat(columns, starts)
    bottom, right = np.maximum.reduceat(rows, starts) + 1, np.maximum.reduceat(columns, starts) + 1
    fits = is_letter_sized(bottom - top, right - left, max(picture.shape))
    fits &= is_outside((top + bottom) / 2 / picture.shape[0]) | is_outside((left + right) / 2 / picture.shape[1])
    fits &= np.maximum.reduceat(picture.ravel()[places], starts) >= 255 * PEAK
    for index in np.flatnonzero(fits).tolist():
        yield index + 1, (slice(top[index], bottom[index]), slice(left[index], right[index]))


def shrink(pixels: NDArray[np.generic]) -> tuple[NDArray[np.uint8], int]:
    """Returns (the picture (H, W) by block means, at most `WORK_PX` long, with a range of 0 to 255; block size)."""
    step = -(-max(pixels.shape) // WORK_PX)
    plain = pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32)
    small = np.asarray(Image.fromarray(plain).reduce(step) if step > 1 else plain, np.float32)
    low, high = float(small.min()), float(small.max())
    if not low < high < np.inf:  # constant, or not finite
        return np.zeros(small.shape, np.uint8), step
    return ((small - low) * (255 / (high - low))).astype(np.uint8), step


def open_grey(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Returns the opening of a picture (H, W) with a square of odd side: whatever is narrower vanishes.

    Ten times as fast as `scipy.ndimage.grey_opening`, to which it is equal off the border.
    """
    padded = np.pad(picture, side - 1, mode="edge")
    return slide(slide(padded, side, np.minimum), side, np.maximum)


def slide(picture: NDArray[np.uint8], side: int, pick: Pick) -> NDArray[np.uint8]:
    """Returns the extreme value of every side x side window inside a picture, shape (H - side + 1, W - side + 1).

    Args:
        picture: Shape (H, W).
        side: Side of the windows in pixels.
        pick: Chooses between two values: `np.minimum` or `np.maximum`.
    """
    for _ in range(2):
        reach = 1
        while reach < side:  # windows double until they are wide enough
            shift = min(reach, side - reach)
            picture = pick(picture[:-shift], picture[shift:])
            reach += shift
        picture = picture.T
    return picture


def is_letter_sized(height: NDArray[np.int64], width: NDArray[np.int64], longest: int) -> NDArray[np.bool_]:
    """Tells which boxes have the size of a letter, shape (n,).

    Args:
        height: Heights in pixels, shape (n,).
        width: Widths in pixels, shape (n,).
        longest: Long side of the picture in pixels.
    """
    high = (height >= HEIGHT[0] * longest) & (height <= HEIGHT[1] * longest)
    return high & (width >= WIDTH[0] * longest) & (width <= WIDTH[1] * longest)


def is_outside(place: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tells which places, shares of the height or width of shape (n,), lie near a border."""
    return np.minimum(place, 1 - place) <= OUTER


def is_letter(picture: NDArray[np.uint8], parts: NDArray[np.int32], number: int, region: Region, ground: float) -> bool:
    """Tells whether a part has a letter's form, and stands sharply and alone on an even background.

    Args:
        picture: What is searched, shape (H, W), 0 to 255.
        parts: Number of the part that each pixel belongs to, shape (H, W).
        number: The part in question.
        region: Its box.
        ground: The background may be as bright as this share of the range.
    """
    around = tuple(slice(max(0, side.start - 3), side.stop + 3) for side in region)
    contrast, peak, uneven, overshoot = measure_contrast(picture[around], parts[around] == number)
    if peak - contrast > ground or contrast < CONTRAST or peak < PEAK or uneven > UNEVEN or overshoot > OVERSHOOT:
        return False
    winding, fill = measure_form(parts[region] == number)
    if winding < PLAIN_WINDING or fill > FILL:
        return False
    return winding >= WINDING or (contrast >= PLAIN_CONTRAST and uneven <= PLAIN_UNEVEN)


def measure_form(part: NDArray[np.bool_]) -> tuple[float, float]:
    """Measures a part in its box, a mask of shape (h, w).

    Returns:
        Length of the strokes over the box's diagonal, and the filled share of the box.
    """
    framed = np.zeros((part.shape[0] + 2, part.shape[1] + 2), bool)
    framed[1:-1, 1:-1] = part
    depth = ndimage.distance_transform_cdt(framed)
    area = int(part.sum())
    deepest, mean = int(depth.max()), depth.sum() / area
    thickness = max(2 * deepest - 1, THICKNESS_PER_DEPTH * (mean - 0.5))  # the first is coarse, the second may be low
    return float(area / thickness / np.hypot(*part.shape)), area / part.size


def measure_contrast(picture: NDArray[np.uint8], part: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Returns contrast and peak as shares of 255, and spread and overshoot of the ring as shares of the contrast.

    Args:
        picture: Surroundings of the part, shape (h, w), 0 to 255.
        part: Pixels of the part, shape (h, w).
    """
    near = dilate(part)
    ring = picture[dilate(near) & ~near]
    if not len(ring):
        return 0.0, 0.0, np.inf, np.inf
    low, middle, high, top = (float(rank(ring, share)) for share in (0.1, 0.5, 0.9, 1))
    peak = float(rank(picture[part], 0.75))
    contrast = max(peak - middle, 1e-6)
    return contrast / 255, peak / 255, (high - low) / contrast, (top - middle) / contrast


def dilate(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns a mask of shape (h, w), grown by one pixel up, down, left and right."""
    grown = part.copy()
    grown[1:] |= part[:-1]
    grown[:-1] |= part[1:]
    grown[:, 1:] |= part[:, :-1]
    grown[:, :-1] |= part[:, 1:]
    return grown


def rank(values: NDArray[np.uint8], share: float) -> np.uint8:
    """Returns the quantile of values, shape (n,), at a share of 0 to 1, without NumPy's overhead."""
    return np.sort(values)[round(share * (len(values) - 1))]


def scale_box(region: Region, step: int, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Returns a region of the shrunk copy as x, y, width and height in the picture itself, within its borders.

    Args:
        region: Rows and columns in the shrunk copy.
        step: Pixels of the picture per pixel of the copy.
        shape: Height and width of the picture.
    """
    rows, columns = region
    top, left = rows.start * step, columns.start * step
    return left, top, min(columns.stop * step, shape[1]) - left, min(rows.stop * step, shape[0]) - top


def find_marked_images(tables: StoreTables) -> Iterator[Alarm]:
    """Yields a note about burnt-in text or markers: a classifier may read them, and a GAN draws them."""
    columns = tables.columns
    seen, searched, labels = columns["markers"] != "", columns["searched"] == "yes", columns["label"]
    if seen.sum() < max(1, MARKED_SHARE * searched.sum()):
        return
    names = np.unique(labels[searched])
    nameless = "those without a class" if len(names) > 1 else "all"
    shares = ", ".join(f"{seen[searched & (labels == name)].mean():.0%} of {name or nameless}" for name in names)
    yield Alarm(
        "burnt_in_markers",
        "note",
        f"of {write_count(int(searched.sum()), 'image')} that were searched, "
        f"{write_count(int(seen.sum()), 'seems', 'seem')} to contain burnt-in text or markers ({shares}; a hint, not "
        "a certainty). They may name a patient, and a classifier may learn them: look at the gallery of `ganoscope "
        "inspect`.",
        {"images": int(seen.sum())},
    )


CHECK = Check(
    ("burnt_in_markers",),
    "burnt-in text or markers",
    find_marked_images,
    f"{MARKED_SHARE:.0%} of the searched images or more",
    rank=170,
)
