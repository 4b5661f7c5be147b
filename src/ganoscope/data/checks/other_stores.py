"""Images of another store that are images of this one, whatever their files were: the same pixels, or near-duplicates.

Near-duplicates are found as `prepare` finds them within a source, by the same borders: higher ones where two patients
are known, or two volumes. Pictures are compared without the margin that fills them up to a square. Pixels are read in
blocks, and small pictures lie in a temporary file: memory does not grow with the stores but for a few numbers an image.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.duplicates import find_duplicates
from ganoscope.data.checks.thumbnails import THUMBNAIL_PX, make_folded_thumbnail
from ganoscope.data.geometry.placement import AIR_HU, parse_placement
from ganoscope.data.store import Store

BLOCK = 256
"""Images read at a time."""
FLAT_HU = 20.0
"""Up to this standard deviation, a picture in HU counts as empty, as `prepare` has it."""


@dataclass(frozen=True)
class SharedImages:
    """Images of another store that are images of this one.

    Attributes:
        same: Which have the same pixels, shape (N,), bool.
        near: Which are near-duplicates, those of the same pixels among them, shape (N,), bool.
    """

    same: NDArray[np.bool_]
    near: NDArray[np.bool_]


def find_shared(given: Store, store: Store, closely: bool) -> SharedImages:
    """Returns which images of another store are images of this one.

    Images of one grey value have nothing to be recognised by, and are never shared.

    Args:
        given: The other store, of the same size and intensity range.
        store: This one.
        closely: Whether to look for near-duplicates too.
    """
    own = {digest for _, digest in hash_images(store)}
    found = [place for place, digest in hash_images(given) if digest in own]
    same = np.isin(np.arange(given.count), found)
    return SharedImages(same, same | find_near(given, store) if closely else same)


def hash_images(store: Store) -> Iterator[tuple[int, bytes]]:
    """Yields the position and the hash of the stored pixels of every image that has more than one grey value."""
    for start in range(0, store.count, BLOCK):
        for place, pixels in enumerate(store.images[start : start + BLOCK], start):
            if pixels.min() < pixels.max():
                yield place, hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16).digest()


def find_near(given: Store, store: Store) -> NDArray[np.bool_]:
    """Returns which images of another store are joined with images of this one by near-duplicates, shape (N,).

    Args:
        given: The other store.
        store: This one.
    """
    with tempfile.TemporaryFile() as file:
        for each in (store, given):
            draw_thumbnails(each, file)
        file.flush()
        thumbnails = np.memmap(file, np.float16, "r", shape=(store.count + given.count, THUMBNAIL_PX**2))
        patients, volumes = (number_both(store, given, column) for column in ("patient", "series"))
        volumes = np.where((volumes >= 0) & (np.bincount(volumes + 1)[volumes + 1] > 1), volumes, -1)
        clusters = find_duplicates(thumbnails, patients, volumes).clusters
    return np.isin(clusters[store.count :], clusters[: store.count])


def draw_thumbnails(store: Store, file: IO[bytes]) -> None:
    """Writes the folded thumbnails of a store's images to a file, without the margins that fill them up to a square."""
    placements, hu = store.column("placement").tolist(), store.intensity.unit == "HU"
    for start in range(0, store.count, BLOCK):
        for place, pixels in enumerate(store.images[start : start + BLOCK], start):
            picture = cut_margin(pixels, placements[place])
            clean, flat = (np.maximum(picture, AIR_HU), FLAT_HU) if hu else (picture, 0.0)
            file.write(make_folded_thumbnail(clean, flat).tobytes())


def cut_margin(pixels: NDArray[np.generic], placement: str) -> NDArray[np.generic]:
    """Returns the part of a stored image, shape (H, W), that its source fills; all of it where that is not known.

    Args:
        pixels: The image.
        placement: Its placement, as in the manifest.
    """
    if not placement:
        return pixels
    filled = parse_placement(placement).filled
    top, left = int(filled.top), int(filled.left)
    return pixels[top : top + max(1, int(filled.height)), left : left + max(1, int(filled.width))]


def number_both(store: Store, given: Store, column: str) -> NDArray[np.int64]:
    """Returns the number of each image's patient or volume, shape (N + M,): other ones in each store, -1 where unknown.

    Args:
        store: One store, of N images.
        given: The other, of M images.
        column: Column of both manifests.
    """
    names = [store.column(column), given.column(column)]
    numbers, first = [], 0
    for each in names:
        found, places = np.unique(each, return_inverse=True)
        numbers.append(np.where(each == "", -1, places + first).astype(np.int64))
        first += len(found)
    return np.concatenate(numbers)
