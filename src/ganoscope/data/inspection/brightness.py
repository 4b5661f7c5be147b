"""Brightness and contrast per image, and intensities per class, over the pixels that the scanner measured."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.arrays import load_arrays, save_arrays
from ganoscope.data.store import Store
from ganoscope.data.store.contents import measured as was_measured
from ganoscope.seeds import Stream, stream

MOST_PIXELS = 400_000_000
"""Pixels read at most, about ten seconds; of a larger store a random sample of images is measured."""
MOST_IMAGES = 20_000
"""Images measured at most."""
BIN_VALUES = {"uint8": 1, "uint16": 16, "int16": 16}
"""Stored values per bin of a histogram, by pixel type."""


@dataclass(frozen=True)
class Measurements:
    """Brightness and contrast of images.

    Attributes:
        indices: Positions of the measured images in the store, ascending, shape (M,).
        means: Mean stored value of each image over its measured pixels, shape (M,); NaN where no pixel was measured.
        deviations: Standard deviation of the same pixels, shape (M,).
        values: Lowest stored value of each histogram bin, shape (K,).
        step: Stored values per bin.
        histograms: Pixels per bin by class, each of shape (K,).
    """

    indices: NDArray[np.int64]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]
    values: NDArray[np.int64]
    step: int
    histograms: dict[str, NDArray[np.int64]]


def measure(store: Store, labels: NDArray[np.str_], seed: int) -> Measurements:
    """Returns brightness and contrast of all images, or of a random sample of a large store.

    Args:
        store: The store.
        labels: Class of each image, shape (N,).
        seed: Random seed of the sample.
    """
    indices = choose_positions(store.count, min(MOST_IMAGES, MOST_PIXELS // store.size**2), seed)
    limits = np.iinfo(np.dtype(store.intensity.dtype))
    step = BIN_VALUES[store.intensity.dtype]
    values = np.arange(limits.min, limits.max + 1, step, dtype=np.int64)
    means, deviations = np.full(len(indices), np.nan), np.full(len(indices), np.nan)
    histograms: dict[str, NDArray[np.int64]] = {}
    for number, index in enumerate(indices):
        image = np.asarray(store.images[index])
        pixels = image[was_measured(image)]
        if not pixels.size:
            continue
        means[number], deviations[number] = pixels.mean(dtype=np.float64), pixels.std(dtype=np.float64)
        bins = (pixels.astype(np.int32) - limits.min) // step
        counts = np.bincount(bins, minlength=len(values))
        label = str(labels[index])
        histograms[label] = histograms.get(label, 0) + counts
    return Measurements(indices, means, deviations, values, step, histograms)


def choose_positions(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Returns up to `most` of the positions 0 to `count` - 1, ascending; a random subset where there are more.

    Args:
        count: Number of positions to choose from.
        most: Number of positions to choose.
        seed: Random seed of the choice.

    Example:
        >>> choose_positions(3, 5, seed=0).tolist(), len(choose_positions(100, 5, seed=0))
        ([0, 1, 2], 5)
    """
    if count <= most:
        return np.arange(count)
    return np.sort(stream(seed, Stream.INSPECTED_IMAGES).choice(count, max(1, most), replace=False))


def find_range(histograms: dict[str, NDArray[np.int64]], share: float) -> tuple[int, int]:
    """Returns the first and last bin between which all but `share` of the pixels of all classes lie.

    Example:
        >>> find_range({"a": np.array([0, 5, 0, 5, 0])}, share=0.0)
        (1, 3)
    """
    total = np.sum(list(histograms.values()), axis=0)
    sums = np.cumsum(total)
    edge = share / 2 * sums[-1]
    first = int(np.searchsorted(sums, edge, side="right"))
    last = int(np.searchsorted(sums, sums[-1] - edge, side="left"))
    return first, max(first, last)


SHAPES = {
    **dict.fromkeys(("indices", "means", "deviations"), "number N"),
    "values": "number K",
    "step": "number",
    "classes": "text C",
    "histograms": "number C K",
}
"""Arrays of the file: N images, K grey values, C classes."""


def save_measurements(path: Path, measured: Measurements) -> None:
    """Writes measurements as a compressed `.npz` file, atomically."""
    arrays = {
        "indices": measured.indices,
        "means": measured.means,
        "deviations": measured.deviations,
        "values": measured.values,
        "step": np.array(measured.step),
        "classes": np.array(list(measured.histograms), np.str_),
        "histograms": np.array(list(measured.histograms.values()), np.int64).reshape(-1, len(measured.values)),
    }
    save_arrays(path, arrays)


def load_measurements(path: Path, count: int) -> Measurements:
    """Returns the measurements that `save_measurements` wrote.

    Args:
        path: The file.
        count: Number of images of the store.

    Raises:
        UserError: The file is missing or damaged.
        ValueError: Images are named that are not in the store, or counts and values that no histogram has.
    """
    arrays = load_arrays(path, "Run `ganoscope inspect` again.", SHAPES)
    if (np.diff(arrays["indices"], prepend=-1, append=count) <= 0).any():
        raise ValueError(f"indices are not ascending positions below {count}")
    if (arrays["histograms"] < 0).any() or not arrays["histograms"].sum(axis=1).all():
        raise ValueError("histograms are no counts of pixels")
    if arrays["step"] < 1 or (np.diff(arrays["values"]) != arrays["step"]).any():
        raise ValueError("values are not as far apart as step says")
    classes, histograms = arrays.pop("classes").tolist(), arrays.pop("histograms")
    step = int(arrays.pop("step"))
    return Measurements(**arrays, step=step, histograms=dict(zip(classes, histograms, strict=True)))
