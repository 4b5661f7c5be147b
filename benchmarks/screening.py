"""How `generate --reject-copies` judges altered training images, and images of other patients (see screening.md).

    python benchmarks/screening.py STORE... --number 100

For each store: altered copies of training images that are rejected, test images (other patients) that are rejected, and
seconds of processor time per image.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from ganoscope.data.store import Store
from ganoscope.generation.copy_check import make_copy_check

NOISE = np.random.default_rng(0)
CHANGES = {
    "exact": lambda x: x,
    "brighter": lambda x: np.clip(x + 0.25, -1, 1),
    "more contrast": lambda x: np.clip(x * 1.2, -1, 1),
    "gamma 0.8": lambda x: ((x + 1) / 2).clip(0, 1) ** 0.8 * 2 - 1,
    "shifted by 2 px": lambda x: np.stack([shift(image, (2, -2), mode="nearest") for image in x]),
    "mirrored": lambda x: x[:, :, ::-1],
    "turned by 90 degrees": lambda x: np.rot90(x, 1, (1, 2)),
    "inverted": lambda x: -x,
    "cropped to 88%": lambda x: np.stack([crop(image) for image in x]),
    "blurred, SD 1 px": lambda x: gaussian_filter(x, (0, 1, 1)),
    "noise of 5% of the range": lambda x: x + NOISE.normal(0, 0.1, x.shape),
    "noise of 7.5% of the range": lambda x: x + NOISE.normal(0, 0.15, x.shape),
    "a quarter of it in another patient": lambda x: paste(x),
}


def crop(image: np.ndarray) -> np.ndarray:
    """Returns the middle of an image, enlarged to its size."""
    from PIL import Image

    side, edge = len(image), round(0.06 * len(image))
    return np.asarray(Image.fromarray(image[edge:-edge, edge:-edge]).resize((side, side), Image.Resampling.BILINEAR))


def paste(images: np.ndarray) -> np.ndarray:
    """Returns images whose middle, half of each side, comes from the image before."""
    pasted, side = np.roll(images, 1, axis=0).copy(), images.shape[1]
    inside = slice(side // 4, side - side // 4)
    pasted[:, inside, inside] = images[:, inside, inside]
    return pasted


def main() -> None:
    """Prints a table for each store."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("stores", type=Path, nargs="+")
    arguments.add_argument("--number", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    for path in given.stores:
        measure(Store.open(path), given.number, given.seed)


def measure(store: Store, number: int, seed: int) -> None:
    """Prints what the screening rejects in one store."""
    check = make_copy_check(store, seed)
    rule, training, test = check.rule, store.indices("train"), store.indices("test")
    print(f"\n{store.path.name}: {len(training):,} training images, {rule.held_out} held-out of {rule.groups} groups, ")
    print(f"{rule.planted_found} of {rule.planted} planted copies found\n")
    chosen = np.sort(np.random.default_rng(seed + 1).permutation(training)[:number])
    copied = store.load_images(chosen)[:, 0]
    others = store.load_images(test)[:, 0]
    start = time.process_time()
    flags = check.flag(check.compute_p(check.search.match(others)))
    spent = (time.process_time() - start) / len(others)
    for name, change in CHANGES.items():
        images = np.ascontiguousarray(change(copied), np.float32)
        found = check.flag(check.compute_p(check.search.match(images)))
        print(f"| {name} | {int(found.sum())} of {len(found)} |")
    print(f"| test images, of other patients | {int(flags.sum())} of {len(flags)} |")
    print(f"| processor time per image | {spent * 1000:.0f} ms |")


if __name__ == "__main__":
    main()
