"""Finds planted copies under thirteen manipulations among images that are none, beside other scores; false alarms.

Copies of a store's training images are planted under each manipulation; the same manipulations of held-out images of
other patients are the images that are no copies. The null are further held-out images, unaltered. All scores are judged
alike: p values by `ganoscope.statistics.rare_events.tail_fit`, Benjamini-Hochberg at 1%. A copy counts as found
when it is flagged, whichever training image it was traced to. The other scores know nothing of orientations:

- pixel: minus the root mean square difference of the nearest training image;
- SSIM: the largest of all training images;
- layers: whitened features of three layers of a random network, geometric mean of cosines, nearest training image
  (the form of arXiv 2602.13066; its network, trained on MRI, isn't available here).

Stores whose patients are unknown (brain) hold other slices, or other windows, of one patient in several splits.
Held-out images whose thumbnail correlates by 0.9 or more with that of a training image are left out, and counted.

False alarms: independent phantoms of other patients as the synthetic images, an audit for each modality.
"""

import argparse
import io
import resource
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.ndimage import shift as move

from ganoscope.copies.candidate_members import ALL_VIEWS, choose_views
from ganoscope.copies.matches import EXTENTS, find_matches, join_matches
from ganoscope.copies.member_index import make_index
from ganoscope.copies.null import find_repeated
from ganoscope.copies.significance import FALSE_DISCOVERIES, UNSURE_SHARE, judge
from ganoscope.data.phantoms import make_phantom
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.evaluate.ssim import compute_all_ssim
from ganoscope.statistics.proportion import compute_clopper_pearson
from ganoscope.statistics.rare_events.false_discoveries import adjust_benjamini_hochberg
from ganoscope.statistics.rare_events.tail_fit import fit_tail


def crop(x, rng):
    side = len(x)
    kept = round(side * rng.uniform(0.8, 0.92))
    top, left = rng.integers(0, side - kept + 1, 2)
    cut = Image.fromarray(x[top : top + kept, left : left + kept])
    return np.asarray(cut.resize((side, side), Image.Resampling.BICUBIC))


def window(x, rng):
    low, high = rng.uniform(0.05, 0.2), rng.uniform(0.8, 0.95)
    return (((x + 1) / 2 - low) / (high - low)).clip(0, 1) * 2 - 1


def change_gamma(x, rng):
    exponent = np.exp(rng.choice([-1, 1]) * rng.uniform(np.log(1.4), np.log(2)))
    return ((x + 1) / 2).clip(0, 1) ** exponent * 2 - 1


def compress(x, rng):
    file = io.BytesIO()
    Image.fromarray(np.uint8(((x + 1) * 127.5 + 0.5).clip(0, 255))).save(
        file, "JPEG", quality=int(rng.integers(15, 41))
    )
    return np.asarray(Image.open(file), np.float32) / 127.5 - 1


def bend(x, rng):
    side = len(x)
    field = gaussian_filter(rng.normal(0, 1, (2, side, side)), (0, side / 8, side / 8))
    field *= side * rng.uniform(0.025, 0.045) / np.abs(field).max()
    return map_coordinates(x, np.mgrid[:side, :side] + field, order=1, mode="nearest")


def paste(x, rng, other):
    side = len(x)
    width, edge = rng.integers(round(side * 0.375), round(side * 0.5) + 1), round(0.06 * side)
    top, left = rng.integers(edge, side - width - edge + 1, 2)
    host = other.copy()
    host[top : top + width, left : left + width] = x[top : top + width, left : left + width]
    return host


def shift(x, rng):
    steps = rng.integers(round(len(x) * 0.04), round(len(x) * 0.09) + 1, 2) * rng.choice([-1, 1], 2)
    return move(x, steps, order=0, mode="nearest")


KINDS = {
    "mirrored": lambda x, rng, other: x[:, ::-1],
    "90 degrees": lambda x, rng, other: np.rot90(x, rng.choice([1, 3])),
    "shift 4 to 9%": lambda x, rng, other: shift(x, rng),
    "crop to 80 to 92%": lambda x, rng, other: crop(x, rng),
    "window": lambda x, rng, other: window(x, rng),
    "gamma 0.5 to 2": lambda x, rng, other: change_gamma(x, rng),
    "noise, SD 5%": lambda x, rng, other: x + rng.normal(0, 0.1, x.shape),
    "blur 1.2 to 2.2%": lambda x, rng, other: gaussian_filter(x, rng.uniform(0.012, 0.022) * len(x)),
    "JPEG quality 15 to 40": lambda x, rng, other: compress(x, rng),
    "elastic 2.5 to 4.5%": lambda x, rng, other: bend(x, rng),
    "inverted": lambda x, rng, other: -x,
    "patch of 37 to 50%": paste,
    "blend of two": lambda x, rng, other: 0.5 * x + 0.5 * other,
}
PASTE = "patch of 37 to 50%"


def alter(kind, x, rng, other):
    return np.ascontiguousarray(KINDS[kind](x, rng, other), np.float32).clip(-1, 1)


def search(members, groups):
    index = make_index(lambda at: members[at], groups)

    def find(images):
        blocks = list(find_matches(index, lambda at: images[at], np.arange(len(images)), ALL_VIEWS))
        return {extent: join_matches(blocks, extent) for extent in EXTENTS}

    return find


def pixel_scores(members, images):
    flat, queries = members.reshape(len(members), -1), images.reshape(len(images), -1)
    squares = (flat**2).sum(1) + (queries**2).sum(1)[:, None] - 2 * queries @ flat.T
    return -np.sqrt(squares.clip(min=0).min(1) / flat.shape[1])


def ssim_scores(members, images):
    return compute_all_ssim(images, members).max(1)


@torch.no_grad()
def layer_features(images, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x, layers = torch.from_numpy(images)[:, None], []
    for width, before in ((16, 1), (32, 16), (64, 32)):
        weight = torch.randn(width, before, 3, 3, generator=generator) * (2 / (9 * before)) ** 0.5
        x = torch.nn.functional.avg_pool2d(torch.relu(torch.nn.functional.conv2d(x, weight, padding=1)), 2)
        layers.append(torch.nn.functional.adaptive_avg_pool2d(x, 4).flatten(1).numpy())
    return layers


def layer_scores(members, images):
    total = 0
    for real, query in zip(layer_features(members), layer_features(images), strict=True):
        mean = real.mean(0)
        _, spread, directions = np.linalg.svd(real - mean, full_matrices=False)
        kept = min(128, len(real) // 2)
        scale = directions[:kept].T / (spread[:kept] / len(real) ** 0.5 + 1e-6)
        one, other = ((part - mean) @ scale for part in (query, real))
        one, other = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (one, other))
        total = total + np.log(((one @ other.T) + 1).clip(min=1e-6) / 2)
    return np.exp(total / 3).max(1)


def flag(null, scores, known):
    p = fit_tail(null, 0.0 if known else UNSURE_SHARE).compute_p(scores)
    return adjust_benjamini_hochberg(p) <= FALSE_DISCOVERIES


def f1(found, false, number):
    return 2 * found / (found + false + number) if found else 0.0


def run_store(path, number, seed):
    store = Store.open(path)
    rng = np.random.default_rng(seed)
    parts = {name: store.indices(name) for name in ("train", "validation", "test")}
    known = bool((store.column("patient") != "").all())
    if not known:
        members = RealImages(store, parts["train"])
        for name in ("validation", "test"):
            repeated = find_repeated(members, RealImages(store, parts[name]), np.arange(len(parts[name])))
            print(
                f"{store.name}: {repeated.sum()} of {len(repeated)} images of the {name} part repeat a training image"
            )
            parts[name] = parts[name][~repeated]
    members, null, others = (store.load_images(part)[:, 0] for part in parts.values())
    copies, strangers = [], []
    for kind in KINDS:
        for at in rng.choice(len(members), number, replace=False):
            other = others[rng.integers(len(others))] if kind == PASTE else members[rng.integers(len(members))]
            copies.append(alter(kind, members[at], rng, other))
        for at in rng.choice(len(others), number, replace=number > len(others)):
            strangers.append(alter(kind, others[at], rng, others[rng.integers(len(others))]))
    images, truth = np.stack(copies + strangers), np.arange(2 * len(copies)) < len(copies)
    began = time.perf_counter()
    find = search(members, store.column("group")[parts["train"]])
    flags = {"audit": judge(find(images), find(null), known).copies}
    seconds = time.perf_counter() - began
    for name, score in (("pixel", pixel_scores), ("SSIM", ssim_scores), ("layers", layer_scores)):
        flags[name] = flag(score(members, null), score(members, images), known)
    print(
        f"\n{store.name}: {len(members)} members, {len(null)} held-out images as the null, {number} copies and "
        f"{number} strangers per manipulation; {seconds:.0f} s\n"
    )
    print(f"| manipulation | {' | '.join(flags)} |\n|---|{'---|' * len(flags)}")
    kinds = np.repeat(np.arange(len(KINDS)), number)
    for row, kind in enumerate(KINDS):
        cells = []
        for flagged in flags.values():
            found, false = flagged[truth][kinds == row].sum(), flagged[~truth][kinds == row].sum()
            cells.append(f"{f1(found, false, number):.3f} ({found}/{number}, {false} false)")
        print(f"| {kind} | {' | '.join(cells)} |")
    cells = []
    for flagged in flags.values():
        found, false = flagged[truth].sum(), flagged[~truth].sum()
        cells.append(f"**{f1(found, false, truth.sum()):.3f}** ({found}/{truth.sum()}, {false} false)")
    print(f"| **all** | {' | '.join(cells)} |", flush=True)


def load_phantoms(modality, start, number, size):
    images = []
    for at in range(start, start + number):
        pixels = make_phantom(modality, at, size, seed=at).pixels.astype(np.float32)
        low, high = (-1024, 1500) if modality == "ct" else (0, 255)
        images.append((pixels - low) / (high - low) * 2 - 1)
    return np.stack(images).clip(-1, 1).astype(np.float32)


def run_phantoms(total, size):
    flagged, smallest, seen = 0, 1.0, 0
    shares = {"ct": total // 3, "cxr": total // 3, "mri": total - 2 * (total // 3)}
    for modality, number in shares.items():
        members = load_phantoms(modality, 0, 400, size)
        find = search(members, np.arange(len(members)))
        null = find(load_phantoms(modality, 10_000, 200, size))
        began = time.perf_counter()
        scores = find(load_phantoms(modality, 20_000, number, size))
        verdict = judge(scores, null, True)
        flagged, seen, smallest = flagged + int(verdict.copies.sum()), seen + number, min(smallest, verdict.p.min())
        print(
            f"{modality}: {verdict.copies.sum()} of {number} flagged; smallest p {verdict.p.min():.1e}; p <= 0.001: "
            f"{(verdict.p <= 0.001).mean():.4f}, p <= 0.01: {(verdict.p <= 0.01).mean():.4f}; "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )
    low, high = compute_clopper_pearson(flagged, seen)
    print(f"false alarms on phantoms: {flagged} of {seen}, 95% interval {low:.5f} to {high:.5f}")


def run_many(number, size):
    """Time and memory at `number` members and as many images, and whether 50 altered copies among them are found."""
    spent = [0.0]

    def loader(start):
        def load(positions):
            began = time.process_time()
            images = load_phantoms("mri", start + int(positions[0]), len(positions), size)
            spent[0] += time.process_time() - began
            return images

        return load

    rng, began = np.random.default_rng(0), time.process_time()
    index = make_index(loader(0), np.arange(number))
    print(f"{number} members: index {time.process_time() - began - spent[0]:.0f} s of CPU", flush=True)
    views, strangers, results = choose_views(number**2), loader(10_000_000), []
    spent[0], began = 0.0, time.process_time()
    for load, count in ((strangers, number), (loader(20_000_000), 200)):
        blocks = list(find_matches(index, load, np.arange(count), views))
        results.append({extent: join_matches(blocks, extent) for extent in EXTENTS})
    seconds = time.process_time() - began - spent[0]
    copies = np.stack([alter("gamma 0.5 to 2", image[:, ::-1], rng, None) for image in loader(0)(np.arange(50))])
    planted = list(find_matches(index, lambda at: copies[at], np.arange(50), views))
    results[0] = {extent: join_matches([results[0], *planted], extent) for extent in EXTENTS}
    called = judge(results[0], results[1], True).copies
    print(
        f"{number} images: search {seconds:.0f} s of CPU, {1000 * seconds / (number + 200):.1f} ms an image; "
        f"{called[:number].sum()} of them and {called[number:].sum()} of 50 mirrored, toned copies called copies; "
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="*", type=Path, help="prepared stores, such as of chest_xray and brain_mri")
    parser.add_argument("--copies", type=int, default=20, help="copies, and strangers, of each manipulation")
    parser.add_argument(
        "--phantoms", type=int, default=1500, help="phantoms of the count of false alarms; 5000 as shown"
    )
    parser.add_argument("--size", type=int, default=64, help="side of the phantoms")
    parser.add_argument(
        "--many", type=int, default=0, help="members, and images, of the measurement of time and memory"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for path in options.stores:
        run_store(path, options.copies, options.seed)
    if options.phantoms:
        run_phantoms(options.phantoms, options.size)
    if options.many:
        run_many(options.many, options.size)


if __name__ == "__main__":
    main()
