"""Anti-aliased drawing in normalised coordinates, shared by the three anatomies.

A picture spans [-1, 1] in x (to the right) and y (downwards) whatever its size in pixels, so one patient
looks the same at 64 and at 256. A shape is a map of signed distances (negative inside, in the units of the
coordinates); `cover` converts it into the fraction of every pixel that the shape covers.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage  # pyright: ignore[reportMissingTypeStubs]

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Point = tuple[float, float]

LESION_FLOOR = 0.1  # lesion opacity below this is set to 0, so that the mask is exact


@dataclass(frozen=True)
class Grid:
    """Pixel positions in the coordinates of the anatomy.

    Attributes:
        size: Height and width in pixels.
        x: (H, W) position to the right.
        y: (H, W) position downwards.
        pixel: Side of a pixel in the same units.
        shift: Position of the anatomy's origin in the picture, in [-1, 1].
        angle: Rotation of the anatomy in the picture, radians.
        scale: Magnification of the anatomy in the picture.
    """

    size: int
    x: Array
    y: Array
    pixel: float
    shift: Point = (0.0, 0.0)
    angle: float = 0.0
    scale: float = 1.0


@lru_cache(maxsize=8)
def make_grid(size: int) -> Grid:
    """Returns the untransformed grid of `size` x `size` pixels (shared, hence read-only)."""
    axis = ((np.arange(size, dtype=np.float32) + 0.5) * (2.0 / size) - 1.0).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    x.setflags(write=False)
    y.setflags(write=False)
    return Grid(size, x, y, 2.0 / size)


def place(size: int, shift: Point, angle: float, scale: float) -> Grid:
    """Returns the grid of a shifted, rotated and magnified anatomy.

    Args:
        size: Height and width in pixels.
        shift: Position of the anatomy's origin, in [-1, 1].
        angle: Rotation in radians.
        scale: Magnification.
    """
    plain = make_grid(size)
    cos, sin = float(np.cos(angle)) / scale, float(np.sin(angle)) / scale
    x, y = plain.x - shift[0], plain.y - shift[1]
    return Grid(size, x * cos + y * sin, y * cos - x * sin, plain.pixel / scale, shift, angle, scale)


def cover(distance: Array, width: float) -> Array:
    """Returns the fraction of each pixel inside a shape, in [0, 1], shape (H, W); its edge is `width` wide."""
    return np.clip(0.5 - distance / width, 0.0, 1.0)


def paint(picture: Array, opacity: Array, value: float | Array) -> None:
    """Blends `value` over `picture` in place: picture <- picture + opacity (value - picture).

    Args:
        picture: Image, shape (H, W); changed in place.
        opacity: Opacity in [0, 1], shape (H, W).
        value: Value, or values of shape (H, W).
    """
    picture += opacity * (value - picture)


def ellipse(grid: Grid, center: Point, radii: Point, angle: float = 0.0) -> Array:
    """Returns the signed distance (H, W) to an ellipse, to first order near its edge.

    With p the position in the ellipse's axes and r its radii: k0 = |p / r|, k1 = |p / r^2|, distance = k0 (k0
    - 1) / k1.

    Args:
        grid: The pixels' positions.
        center: Centre (x, y).
        radii: Half axes.
        angle: Rotation, radians; positive turns the x axis downwards.
    """
    x, y = grid.x - center[0], grid.y - center[1]
    if angle:
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        x, y = x * cos + y * sin, y * cos - x * sin
    u, v = x * (1.0 / radii[0]), y * (1.0 / radii[1])
    k0 = np.sqrt(u * u + v * v)
    u *= 1.0 / radii[0]
    v *= 1.0 / radii[1]
    return k0 * (k0 - 1.0) / np.sqrt(u * u + v * v + 1e-6)


def superellipse(grid: Grid, center: Point, radii: Point, power: float) -> Array:
    """Returns the radial signed distance (H, W) to |x/a|^power + |y/b|^power = 1; power 2 is an ellipse.

    Args:
        grid: Pixel positions.
        center: Centre (x, y).
        radii: Half axes a and b.
        power: Exponent; larger is more rectangular.
    """
    x, y = grid.x - center[0], grid.y - center[1]
    q = (np.abs(x / radii[0]) ** power + np.abs(y / radii[1]) ** power) ** (1.0 / power)
    return (q - 1.0) * np.sqrt(x * x + y * y) / (q + 1e-4)


def bar(grid: Grid, start: Point, end: Point, radii: Point) -> Array:
    """Returns the signed distance (H, W) to a tapering rod.

    Args:
        grid: Pixel positions.
        start: First end (x, y).
        end: Second end (x, y).
        radii: Radius at each end.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    x, y = grid.x - start[0], grid.y - start[1]
    along = np.clip((x * dx + y * dy) * (1.0 / (dx * dx + dy * dy + 1e-9)), 0.0, 1.0)
    x, y = x - along * dx, y - along * dy
    return np.sqrt(x * x + y * y) - (radii[0] + (radii[1] - radii[0]) * along)


def join(first: Array, second: Array, round_by: float) -> Array:
    """Returns the signed distance to a union with a rounded notch (polynomial smooth minimum, Quilez 2013).

    Args:
        first: Signed distance, shape (H, W).
        second: Signed distance, shape (H, W).
        round_by: Size of the rounding.
    """
    blend = np.maximum(round_by - np.abs(first - second), 0.0)
    return np.minimum(first, second) - blend * blend * (0.25 / round_by)


def carve(first: Array, second: Array, round_by: float) -> Array:
    """Returns the signed distance to `first` without `second`, with rounded corners.

    Args:
        first: Signed distance, shape (H, W).
        second: Signed distance, shape (H, W).
        round_by: Size of the rounding.
    """
    return -join(-first, second, round_by)


@lru_cache(maxsize=64)
def _spline(size: int, cells: int) -> Array:
    """Returns the uniform cubic B-splines of `cells` intervals at the pixel centres, shape (size, cells + 3)."""
    position = (np.arange(size) + 0.5) * (cells / size)
    distance = np.abs(position[:, None] - (np.arange(cells + 3)[None, :] - 1.0))
    near = 2.0 / 3.0 - distance**2 + distance**3 / 2.0
    far = np.maximum(2.0 - distance, 0.0) ** 3 / 6.0
    return np.where(distance < 1.0, near, far).astype(np.float32)


def smooth_noise(generator: np.random.Generator, size: int, cells: int) -> Array:
    """Returns smooth noise (H, W), mean 0 and standard deviation about 1, the same field at every size.

    A lattice of `cells` x `cells` normal numbers, interpolated by cubic B-splines.

    Args:
        generator: Random generator.
        size: Height and width in pixels.
        cells: Number of bumps per side.
    """
    lattice = generator.standard_normal((cells + 3, cells + 3), dtype=np.float32) * 2.1
    basis = _spline(size, cells)
    return basis @ lattice @ basis.T


def blur(picture: Array, sigma_px: float) -> Array:
    """Returns a picture, shape (H, W), smoothed by a Gaussian of `sigma_px` pixels."""
    blurred = ndimage.gaussian_filter(picture, sigma_px, truncate=3.0)  # pyright: ignore
    return np.asarray(blurred, dtype=np.float32)


def grain(generator: np.random.Generator, size: int, sigma_px: float) -> Array:
    """Returns correlated noise (H, W) of standard deviation 1.

    Args:
        generator: Random generator.
        size: Height and width in pixels.
        sigma_px: Standard deviation of the Gaussian kernel in pixels.
    """
    noise = blur(generator.standard_normal((size, size), dtype=np.float32), sigma_px)
    return noise / noise.std()


def strokes(grid: Grid, segments: Array, wall: float = 0.0) -> Array:
    """Returns the fraction of each pixel (H, W) covered by many tapering line segments.

    Each segment is divided into small patches, whose areas are distributed to the four nearest pixels. Overlaps
    add up.

    Args:
        grid: The pixels' positions.
        segments: (S, 6) rows of x0, y0, x1, y1, radius at the start, radius at the end.
        wall: 0 fills a line evenly; towards 1 its edges get heavier, like the projection of a tube.
    """
    x0, y0, x1, y1, r0, r1 = (segments[:, column, None, None] for column in range(6))
    length = np.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2) + 1e-6
    steps = int(np.clip(np.ceil(float(length.max()) / grid.pixel * 1.25), 3, 64))
    lanes = int(np.clip(np.ceil(2.0 * float(segments[:, 4:].max()) / grid.pixel) + 1, 2, 12))
    along = ((np.arange(steps, dtype=np.float32) + 0.5) / steps)[None, :, None]
    across = ((2 * np.arange(lanes, dtype=np.float32) + 1) / lanes - 1)[None, None, :]
    radius = r0 + (r1 - r0) * along
    offset = radius * across / length
    x = x0 + (x1 - x0) * along - (y1 - y0) * offset
    y = y0 + (y1 - y0) * along + (x1 - x0) * offset
    area = radius * length * (2.0 / (steps * lanes * grid.pixel**2))
    weight = (1.0 - wall) + 3.0 * wall * across**2
    return _deposit(grid, x, y, area * weight)


def _deposit(grid: Grid, x: Array, y: Array, mass: Array) -> Array:
    """Returns an image (H, W) with each mass distributed to its four nearest pixels; masses outside are lost."""
    cos, sin = float(np.cos(grid.angle)) * grid.scale, float(np.sin(grid.angle)) * grid.scale
    half, edge = grid.size / 2, grid.size + 2
    column = np.clip((x * cos - y * sin + grid.shift[0] + 1.0) * half + 0.5, 0.0, grid.size + 0.99).ravel()
    row = np.clip((x * sin + y * cos + grid.shift[1] + 1.0) * half + 0.5, 0.0, grid.size + 0.99).ravel()
    left, top = column.astype(np.intp), row.astype(np.intp)
    right, below, mass = column - left, row - top, mass.ravel()
    first = top * edge + left
    place_of = np.concatenate([first, first + 1, first + edge, first + edge + 1])
    lower, upper = mass * below, mass * (1.0 - below)
    share = np.concatenate([upper * (1 - right), upper * right, lower * (1 - right), lower * right])
    total = np.bincount(place_of, share, edge * edge).reshape(edge, edge)
    return total[1:-1, 1:-1].astype(np.float32)


def tree(generator: np.random.Generator, roots: Array, generations: int, spread: float) -> Array:
    """Returns the segments (S, 6) of vessels or airways that fork in two, turning, shortening and thinning.

    Args:
        generator: Source of the turns and lengths.
        roots: (R, 5) rows of x, y, heading (radians), length, radius.
        generations: Number of generations of segments.
        spread: Mean turn at a fork, radians.
    """
    x, y, heading, length, radius = (roots[:, column] for column in range(5))
    rows: list[Array] = []
    for _ in range(generations):
        x1, y1 = x + np.cos(heading) * length, y + np.sin(heading) * length
        rows.append(np.stack([x, y, x1, y1, radius, radius * 0.8], axis=1))
        turn = generator.uniform(0.4, 1.4, (2, len(x1))) * spread
        shrink = generator.uniform(0.62, 0.95, (2, len(x1)))
        heading = np.concatenate([heading - turn[0], heading + turn[1]])
        length = np.concatenate([length * shrink[0], length * shrink[1]])
        x, y, radius = np.tile(x1, 2), np.tile(y1, 2), np.tile(radius, 2) * 0.74
    return np.concatenate(rows).astype(np.float32)


def curve(points: NDArray[np.float64] | Array, radius: NDArray[np.float64] | Array) -> Array:
    """Returns the segments (S, 6) of a polyline with points (S + 1, 2) and radii (S + 1,)."""
    return np.column_stack([points[:-1], points[1:], radius[:-1], radius[1:]]).astype(np.float32)


def settle(opacity: Array) -> tuple[Array, Mask]:
    """Returns the opacity of a lesion, shape (H, W), set to 0 where faint, and the mask of the rest."""
    mask = opacity > LESION_FLOOR
    return np.where(mask, opacity, np.float32(0.0)), mask


def flicker(texture_seed: int, part: int) -> np.random.Generator:
    """Returns the random generator of one part of a patient's texture, the same at every size."""
    return np.random.default_rng([texture_seed, part])
