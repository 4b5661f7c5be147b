"""Places pictures of any shape and spacing in the square of the store, antialiased, and back."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ganoscope.data.geometry.body import find_bounds, find_content, remove_table
from ganoscope.data.picture import PADDING_HU, Picture, UnreadableError
from ganoscope.errors import describe, refuse

Fit = Literal["pad", "crop", "body", "stretch"]
MIN_SIZE, MAX_SIZE = 16, 1024
AIR_HU = -1024
HALF_COVERED = 0.5 - 1e-6


@dataclass(frozen=True)
class GeometryConfig:
    """How pictures are fitted into the square of the store."""

    size: int = 64
    """Height and width of the stored images in pixels."""
    fit: Fit = "pad"
    """Fit to the square. pad: keep the whole picture and its aspect ratio, pad with the lowest value; crop: keep the
    aspect ratio and the largest centred square; body: crop to the foreground, then pad; stretch: ignore the aspect
    ratio."""
    spacing_mm: float | None = None
    """Resample to this pixel spacing instead of scaling to the square; pictures are then cropped or padded to fit."""
    resampling: Literal["auto", "lanczos", "area"] = "auto"
    """Resampling. lanczos: sharp and antialiased; area: mean over the area of a pixel, as a larger voxel would have
    measured it;
    auto: area for HU, else lanczos."""
    remove_table: bool = False
    """Replace everything outside the body in CT slices (table, cushions, clothes) with air."""

    def __post_init__(self) -> None:
        """Checks size and spacing.

        Raises:
            UserError: A value is out of range.
        """
        refuse(self.list_geometry_faults())

    def list_geometry_faults(self) -> list[str]:
        """Returns the faults of size and spacing."""
        faults = []
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            faults.append(describe("--size is out of range", self.size, f"{MIN_SIZE} to {MAX_SIZE}", "Choose another."))
        if self.spacing_mm is not None and not 0.05 <= self.spacing_mm <= 20:
            faults.append(describe("--spacing-mm is out of range", self.spacing_mm, "0.05 to 20", "Choose another."))
        return faults


@dataclass(frozen=True)
class Rectangle:
    """Part of a picture in pixels: top, left, height and width, which may be fractional."""

    top: float
    left: float
    height: float
    width: float

    def __str__(self) -> str:
        """Returns the four numbers in the notation of the manifest."""
        return f"{self.top:g} {self.left:g} {self.height:g} {self.width:g}"


@dataclass(frozen=True)
class Placement:
    """Maps a rectangle of the source picture to a rectangle in the square of the store.

    Attributes:
        taken: Rectangle in pixels of the source picture.
        filled: Rectangle in pixels of the store, whole numbers.
    """

    taken: Rectangle
    filled: Rectangle

    def __str__(self) -> str:
        """Returns `taken > filled`, the notation of the manifest."""
        return f"{self.taken} > {self.filled}"

    @property
    def scale(self) -> tuple[float, float]:
        """Store pixels per source pixel, along rows and along columns."""
        return self.filled.height / self.taken.height, self.filled.width / self.taken.width

    def to_store(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Converts a box (x, y, width, height) from source pixels to store pixels.

        Example:
            >>> half = Placement(Rectangle(0, 0, 100, 50), Rectangle(0, 25, 50, 25))
            >>> half.to_store((10, 20, 10, 10))
            (30.0, 10.0, 5.0, 5.0)
        """
        (rows, columns), (x, y, width, height) = self.scale, box
        left = (x - self.taken.left) * columns + self.filled.left
        top = (y - self.taken.top) * rows + self.filled.top
        return left, top, width * columns, height * rows


def parse_placement(text: str) -> Placement:
    """Returns the placement written in a manifest.

    Example:
        >>> parse_placement("0 0 512 512 > 0 0 64 64").scale
        (0.125, 0.125)
    """
    taken, filled = (Rectangle(*map(float, part.split())) for part in text.split(">"))
    return Placement(taken, filled)


def choose_placement(picture: Picture, config: GeometryConfig) -> Placement:
    """Returns the placement of a picture in the square of the store.

    Anisotropic pixels, as in coronal slices of volumes with thick slices, get their true aspect ratio.

    Raises:
        UnreadableError: A common spacing is requested, but the picture has none; or it holds only background.
    """
    height, width = picture.pixels.shape
    whole = Rectangle(0, 0, height, width)
    taken = find_bounds(find_content(picture.pixels, picture.unit)) if config.fit == "body" else None
    taken_part = Rectangle(*taken) if taken else whole
    if config.spacing_mm:
        return place_at_spacing(taken_part, picture.spacing_mm, config.size, config.spacing_mm)
    if config.fit == "stretch":
        return Placement(whole, Rectangle(0, 0, config.size, config.size))
    rows, columns = picture.spacing_mm or (picture.pixel_aspect, 1.0)
    return place_by_aspect(taken_part, rows / columns, config.size, crop=config.fit == "crop")


def place_by_aspect(taken: Rectangle, pixel_aspect: float, size: int, crop: bool) -> Placement:
    """Returns the placement that keeps the aspect ratio.

    Args:
        taken: Rectangle of the source picture.
        pixel_aspect: Height of a source pixel over its width.
        size: Height and width of the store's images in pixels.
        crop: Whether to crop to the largest centred square instead of padding.
    """
    height, width = taken.height * pixel_aspect, taken.width
    if crop:
        side = min(height, width)
        cut_height, cut_width = side / pixel_aspect, side
        top, left = taken.top + (taken.height - cut_height) / 2, taken.left + (taken.width - cut_width) / 2
        return Placement(Rectangle(int(top), int(left), cut_height, cut_width), Rectangle(0, 0, size, size))
    scale = size / max(height, width)
    filled_height, filled_width = max(1, round(height * scale)), max(1, round(width * scale))
    return Placement(
        taken, Rectangle((size - filled_height) // 2, (size - filled_width) // 2, filled_height, filled_width)
    )


def place_at_spacing(
    taken: Rectangle, spacing_mm: tuple[float, float] | None, size: int, wanted_mm: float
) -> Placement:
    """Returns the centred placement in which a store pixel measures `wanted_mm`.

    Args:
        taken: Rectangle of the source picture.
        spacing_mm: Row and column spacing of the source picture.
        size: Height and width of the store's images in pixels.
        wanted_mm: Pixel spacing in the store.

    Raises:
        UnreadableError: The picture has no pixel spacing.
    """
    if spacing_mm is None:
        raise UnreadableError("no pixel spacing is stated, so it can't be resampled to a common one")
    starts, lengths, offsets, sides = [], [], [], []
    parts = ((taken.top, taken.height, spacing_mm[0]), (taken.left, taken.width, spacing_mm[1]))
    for start, length, spacing in parts:
        side = min(size, max(1, round(length * spacing / wanted_mm)))
        covered = min(length, side * wanted_mm / spacing)
        starts.append(start + (length - covered) / 2)
        lengths.append(covered)
        offsets.append((size - side) // 2)
        sides.append(side)
    return Placement(Rectangle(starts[0], starts[1], *lengths), Rectangle(offsets[0], offsets[1], *sides))


def place(picture: Picture, placement: Placement, config: GeometryConfig) -> NDArray[np.generic]:
    """Returns the picture in the square of the store.

    Args:
        picture: Picture as read from the file, shape (H, W).
        placement: Placement of the picture.
        config: Geometry settings.

    Returns:
        Shape (size, size), the data type of the picture, within its value range. Pixels outside the picture hold its
        lowest meaningful value: 0 in unsigned pictures, the minimum of a signed signal, `PADDING_HU` in HU, as do
        unmeasured pixels.
    """
    hu = picture.unit == "HU"
    pixels = remove_table(picture.pixels) if hu and config.remove_table else picture.pixels
    padding = pixels == PADDING_HU if hu else None
    if padding is not None and padding.any():
        pixels = np.where(padding, pixels.dtype.type(AIR_HU), pixels)
    area = config.resampling == "area" or (config.resampling == "auto" and hu)
    filled = placement.filled
    resized = resize(pixels, placement.taken, (int(filled.height), int(filled.width)), area)
    if padding is not None and padding.any():
        resized[resize_mask(padding, placement.taken, resized.shape)] = PADDING_HU
    if resized.shape == (config.size, config.size):
        return resized
    signed = resized.dtype.kind in "if" and not hu
    lowest = PADDING_HU if hu else (picture.pixels.min() if signed else 0)
    square = np.full((config.size, config.size), lowest, resized.dtype)
    top, left = int(filled.top), int(filled.left)
    square[top : top + resized.shape[0], left : left + resized.shape[1]] = resized
    return square


def place_mask(mask: NDArray[np.bool_], placement: Placement, size: int) -> NDArray[np.bool_]:
    """Returns a mask in the square of the store, shape (size, size); no finding is lost, see `fit_mask`.

    Args:
        mask: Mask of the source picture, shape (H, W).
        placement: Placement of the picture.
        size: Height and width of the store's images in pixels.
    """
    filled = placement.filled
    square = np.zeros((size, size), bool)
    part = fit_mask(mask, placement.taken, (int(filled.height), int(filled.width)))
    square[int(filled.top) : int(filled.top) + part.shape[0], int(filled.left) : int(filled.left) + part.shape[1]] = (
        part
    )
    return square


def resize(
    pixels: NDArray[np.generic], taken: Rectangle, shape: tuple[int, int], area: bool = False
) -> NDArray[np.generic]:
    """Returns a rectangle of the picture resized to `shape`, antialiased, within the value range of the picture.

    By area, integer factors give exact means; other factors weight partly covered pixels.

    Args:
        pixels: Picture, shape (H, W).
        taken: Rectangle to take.
        shape: Height and width of the result.
        area: Average over the area instead of Lanczos interpolation.
    """
    if pixels.shape == shape and taken.height == shape[0] and taken.width == shape[1]:
        return pixels.copy()
    edges = (taken.left, taken.top, taken.left + taken.width, taken.top + taken.height)
    image = Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32))
    factors = taken.height / shape[0], taken.width / shape[1]
    whole = all(factor == int(factor) and factor > 1 for factor in factors) and all(e == int(e) for e in edges)
    if area and whole:
        box = (int(edges[0]), int(edges[1]), int(edges[2]), int(edges[3]))
        means = np.asarray(image.reduce((int(factors[1]), int(factors[0])), box))
        return means.copy() if means.dtype == pixels.dtype else np.rint(means).astype(pixels.dtype)
    kernel = Image.Resampling.BOX if area and min(factors) > 1 else Image.Resampling.LANCZOS
    resized = np.asarray(image.resize((shape[1], shape[0]), kernel, edges))
    clipped = resized.clip(pixels.min(), pixels.max())
    return clipped.astype(pixels.dtype) if pixels.dtype.kind == "f" else np.rint(clipped).astype(pixels.dtype)


def fit_mask(mask: NDArray[np.bool_], taken: Rectangle, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Returns a rectangle of a mask of findings resized to `shape`.

    Reduced, it holds the pixels that it covers at least half of, and of every finding (pixels that touch each other)
    that has none of them, the pixel that holds most of it: interpolation would lose small findings. Enlarged, pixels
    are repeated.

    Args:
        mask: Mask, shape (H, W).
        taken: Rectangle to take; findings outside are left out.
        shape: Height and width of the result.

    Example:
        >>> fit_mask(np.arange(64).reshape(8, 8) == 9, Rectangle(0, 0, 8, 8), (2, 2)).tolist()
        [[True, False], [False, False]]
    """
    if taken.height <= shape[0] and taken.width <= shape[1]:
        return resize_mask(mask, taken, shape)
    edges = (taken.left, taken.top, taken.left + taken.width, taken.top + taken.height)
    covered = Image.fromarray(mask.astype(np.float32)).resize((shape[1], shape[0]), Image.Resampling.BOX, edges)
    fitted = np.asarray(covered) >= HALF_COVERED
    rows, columns = np.nonzero(mask)
    findings = ndimage.label(mask, np.ones((3, 3)))[0][rows, columns]
    down = np.floor((rows + 0.5 - taken.top) * shape[0] / taken.height).astype(np.int64)
    right = np.floor((columns + 0.5 - taken.left) * shape[1] / taken.width).astype(np.int64)
    inside = (down >= 0) & (down < shape[0]) & (right >= 0) & (right < shape[1])
    findings, places = findings[inside], (down * shape[1] + right)[inside]
    safe = np.unique(findings[fitted.ravel()[places]])
    lost = ~np.isin(findings, safe)
    pairs, counts = np.unique(np.stack([findings[lost], places[lost]]), axis=1, return_counts=True)
    order = np.lexsort((-counts, pairs[0]))
    first = np.unique(pairs[0][order], return_index=True)[1]
    fitted.ravel()[pairs[1][order][first]] = True
    return fitted


def resize_mask(mask: NDArray[np.bool_], taken: Rectangle, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Returns a rectangle of a mask resized to `shape` by nearest-neighbour interpolation.

    Args:
        mask: Mask, shape (H, W).
        taken: Rectangle to take.
        shape: Height and width of the result.
    """
    edges = (taken.left, taken.top, taken.left + taken.width, taken.top + taken.height)
    image = Image.fromarray(mask.astype(np.uint8))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.NEAREST, edges)) > 0
