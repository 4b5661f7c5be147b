"""Search for near-duplicates: seconds, growth and memory against comparing all pairs; precision and recall on plants.

Pictures come from a folder of PNG and JPEG files, or are phantoms. For the larger numbers they are varied: mixed,
turned a little, stretched, shifted; every tenth is a mirrored or turned copy of another, with noise. The alternative
compares all pairs under all eight symmetries of the square, block by block, and must find the same clusters. Both run
in processes of their own; memory is the peak resident memory, the thumbnails' file pages included.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import affine_transform
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ganoscope.data.checks.duplicates import MIN_CORRELATION, MIN_CORRELATION_APART, find_duplicates
from ganoscope.data.checks.thumbnails import THUMBNAIL_PX, fold, make_thumbnail
from ganoscope.data.patients import PatternCounter, compile_pattern, extract_patient
from ganoscope.data.phantoms import make_phantoms

SIDE, BLOCK, PHANTOMS, PLANTS = THUMBNAIL_PX, 1024, 1500, 300
UNFOLD = fold(np.eye(SIDE**2, dtype=np.float32)).T


def from_jpeg(pixels, quality):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def clip(values):
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def crop(pixels, share):
    rows, columns = (round(length * share) for length in pixels.shape)
    return pixels[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns]


def shift(pixels, columns):
    return np.pad(pixels, ((0, 0), (columns, 0)), "edge")[:, : pixels.shape[1]]


KINDS = {
    "JPEG, quality 50": lambda a, rng: from_jpeg(a, 50),
    "20% brighter, clipped": lambda a, rng: clip(a * 1.2),
    "20% darker": lambda a, rng: clip(a * 0.8),
    "40 grey values brighter, clipped": lambda a, rng: clip(a + 40.0),
    "40 grey values darker, clipped": lambda a, rng: clip(a - 40.0),
    "contrast x 1.5, clipped": lambda a, rng: clip((a - a.mean()) * 1.5 + a.mean()),
    "gamma 0.8": lambda a, rng: clip(255 * (a / 255) ** 0.8),
    "gamma 1.25": lambda a, rng: clip(255 * (a / 255) ** 1.25),
    "mirrored left to right": lambda a, rng: a[:, ::-1],
    "mirrored upside down": lambda a, rng: a[::-1],
    "turned by 90 degrees": lambda a, rng: np.rot90(a),
    "turned by 180 degrees": lambda a, rng: np.rot90(a, 2),
    "turned by 270 degrees": lambda a, rng: np.rot90(a, 3),
    "mirrored, brighter, JPEG 60": lambda a, rng: from_jpeg(clip(a[:, ::-1] * 1.15 + 10), 60),
    "half as large": lambda a, rng: np.asarray(Image.fromarray(a).resize((a.shape[1] // 2, a.shape[0] // 2))),
    "noise, deviation 10": lambda a, rng: clip(a + rng.normal(0, 10, a.shape)),
    "shifted by 1% of the width": lambda a, rng: shift(a, round(a.shape[1] / 100)),
    "cropped by 2% on each side": lambda a, rng: crop(a, 0.02),
}


def read_pictures(source):
    """Returns 8-bit pictures and patient numbers, -1 where unknown."""
    if source is None:
        phantoms = list(make_phantoms("cxr", PHANTOMS, 128, seed=0))
        pictures, names = [to_bytes(phantom.pixels) for phantom in phantoms], [phantom.patient for phantom in phantoms]
    else:
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg"))
        pictures = [to_bytes(load(path)) for path in paths]
        counter = PatternCounter()
        for path in paths:
            counter.add(path.name)
        pattern = counter.recognise() or compile_pattern("(?!)()")
        names = [extract_patient(pattern, path.name) for path in paths]
    known = {name: number for number, name in enumerate(sorted({*names} - {""}))}
    return pictures, np.array([known.get(name, -1) for name in names])


def load(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").convert("L") if image.mode in ("RGB", "RGBA", "P") else image)


def to_bytes(pixels):
    values = pixels.astype(np.float32)
    return pixels if pixels.dtype == np.uint8 else clip((values - values.min()) / np.ptp(values) * 255)


def thumbnails_of(pictures):
    return np.stack([make_thumbnail(np.ascontiguousarray(picture)) for picture in pictures])


def turn(thumbnails, code):
    squares = thumbnails.reshape(-1, SIDE, SIDE)[:, :: -1 if code & 2 else 1, :: -1 if code & 1 else 1]
    return (squares.transpose(0, 2, 1) if code & 4 else squares).reshape(len(thumbnails), -1)


def vary(originals, number):
    """Returns so many thumbnails that resemble the originals."""
    rng, varied = np.random.default_rng(0), np.empty((number, SIDE**2), np.float16)
    for index in range(number):
        one, other = (warp(originals[rng.integers(len(originals))].astype(np.float32), rng) for _ in range(2))
        share = rng.uniform(0.65, 1)
        made = share * one + (1 - share) * other
        if index % 10 == 9:
            made = turn(varied[None, rng.integers(index)], rng.integers(8))[0] + rng.normal(0, 0.002, SIDE**2)
        made = made - made.mean()
        varied[index] = made / np.linalg.norm(made)
    return varied


def warp(thumbnail, rng):
    angle, centre = rng.normal(0, 0.05), np.full(2, (SIDE - 1) / 2)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * (1 + rng.normal(0, 0.05, 2))
    offset = centre - turned @ centre + rng.normal(0, 0.7, 2)
    return affine_transform(thumbnail.reshape(SIDE, SIDE), turned, offset, order=1, mode="nearest").ravel()


def compare_all(thumbnails):
    """Yields the largest correlations over the eight transforms, one block of pairs at a time."""
    for row in range(0, len(thumbnails), BLOCK):
        rows = unit(thumbnails[row : row + BLOCK])
        for column in range(row, len(thumbnails), BLOCK):
            columns = unit(thumbnails[column : column + BLOCK])
            best = rows @ columns.T
            for code in range(1, 8):
                np.maximum(best, rows @ turn(columns, code).T, out=best)
            yield row, column, best


def unit(thumbnails):
    values = thumbnails.astype(np.float32)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)


def cluster_all(thumbnails):
    labels = np.arange(len(thumbnails))
    for row, column, best in compare_all(thumbnails @ UNFOLD):
        first, second = np.nonzero(best >= MIN_CORRELATION)
        links = np.ones(len(first), bool), (labels[first + row], labels[second + column])
        joined = connected_components(coo_array(links, shape=(len(labels),) * 2), directed=False)[1]
        labels = joined[labels]
    return labels


def search(path, number, method):
    """Runs in a process of its own: prints seconds, peak MB, MB after the imports, check sum of clusters."""
    thumbnails = np.memmap(path, np.float16, "r").reshape(-1, SIDE**2)[:number]  # folded
    np.linalg.eigh(np.eye(64))  # the numerical library takes its memory now
    before, start = peak_memory(), time.perf_counter()
    clusters = find_duplicates(thumbnails).clusters if method == "index" else cluster_all(thumbnails)
    seconds = time.perf_counter() - start
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    partition = zlib.crc32(first[inverse].astype(np.int64))  # every cluster named by its first picture
    print(json.dumps([seconds, peak_memory(), before, partition]))


def peak_memory():
    """Returns the peak resident memory of this process in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def measure(path, number, method):
    command = [sys.executable, __file__, "--search", str(path), str(number), method]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def show_speed(originals, numbers, quadratic):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "thumbnails.bin"
        fold(vary(originals, max(numbers)).astype(np.float32)).astype(np.float16).tofile(path)
        seconds = {}
        for number in numbers:
            seconds[number], peak, before, partition = measure(path, number, "index")
            line = f"{number:>7,} pictures: {seconds[number]:7.2f} s, peak {peak} MB ({before} MB after the imports)"
            if number <= quadratic:
                slow, slow_peak, _, other = measure(path, number, "all")
                same = "same clusters" if partition == other else "OTHER CLUSTERS"
                line += f"; all pairs {slow:.2f} s, {slow_peak} MB, {slow / seconds[number]:.1f} x as long, {same}"
            print(line, flush=True)
    slope = np.polyfit(np.log(numbers), np.log([seconds[number] for number in numbers]), 1)[0]
    print(f"seconds grow as number ** {slope:.2f} (all pairs: ** 2)\n")


def show_recall(pictures, originals):
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.choice(len(pictures), min(PLANTS, len(pictures)), replace=False))
    thresholds = f"at {MIN_CORRELATION} and, for known, different patients, at {MIN_CORRELATION_APART}"
    print(f"recall on {len(chosen)} plants of each kind, {thresholds}")
    for kind, change in KINDS.items():
        plants = thumbnails_of([change(pictures[index], rng) for index in chosen])
        one, other = unit(originals[chosen]), unit(plants)
        best = np.max([(one * turn(other, code)).sum(axis=1) for code in range(8)], axis=0)
        print(f"  {kind:34} {(best >= MIN_CORRELATION).mean():6.1%} {(best >= MIN_CORRELATION_APART).mean():6.1%}")


def show_precision(originals, patients):
    edges = np.arange(0.9, 1.0001, 0.01)
    counts, pairs, largest = np.zeros(len(edges) - 1, int), 0, 0.0
    for row, column, best in compare_all(originals):
        one, other = patients[row : row + BLOCK, None], patients[column : column + BLOCK]
        strangers = (one >= 0) & (other >= 0) & (one != other)
        strangers &= np.arange(row, row + len(one))[:, None] < np.arange(column, column + len(other))
        values = best[strangers]
        counts, pairs = counts + np.histogram(values, edges)[0], pairs + len(values)
        largest = max(largest, values.max(initial=0))
    if not pairs:
        return print("precision: no known patients")
    print(f"{pairs:,} pairs of different patients, largest correlation {largest:.4f}; per million pairs at least")
    tail = counts[::-1].cumsum()[::-1] / pairs * 1e6
    return print("  " + ", ".join(f"{edge:.2f}: {share:.2f}" for edge, share in zip(edges, tail, strict=False)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--numbers", type=int, nargs="+", default=[6250, 12_500, 25_000, 50_000])
    parser.add_argument("--quadratic", type=int, default=12_500, help="largest number for which all pairs are compared")
    parser.add_argument("--search", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.search:
        return search(arguments.search[0], int(arguments.search[1]), arguments.search[2])
    pictures, patients = read_pictures(arguments.source)
    originals = thumbnails_of(pictures)
    show_recall(pictures, originals)
    show_precision(originals, patients)
    return show_speed(originals, arguments.numbers, arguments.quadratic)


if __name__ == "__main__":
    main()
