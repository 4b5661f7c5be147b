"""SSIM of all pairs of two sets of images, against a loop of scikit-image's `structural_similarity` over the pairs.

Images are phantoms or smooth noise. The loop runs on a random sample of the pairs, and its time is extrapolated; both
take float32 images, the fastest that scikit-image accepts, and one thread. They alternate: every round times the loop's
sample and one block of ours. Processor time is compared, because the machine is shared; wall-clock time is printed
beside it. scikit-image is no dependency of ganoscope: `pip install scikit-image` first.
"""

import argparse
import time

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from ganoscope.evaluate.ssim import compute_all_ssim

OPTIONS = {"data_range": 2.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def draw_images(number, size, seed):
    rng = np.random.default_rng(seed)
    basis = np.stack([gaussian_filter(rng.standard_normal((size, size)), size / 30) for _ in range(24)])
    images = np.tensordot(rng.standard_normal((number, 24)), basis / basis.std() / 8, 1)
    return np.clip(images + 0.03 * rng.standard_normal(images.shape), -1, 1).astype(np.float32)


def timed(call):
    wall, processor = time.perf_counter(), time.process_time()
    result = call()
    return result, time.perf_counter() - wall, time.process_time() - processor


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--synthetic", type=int, default=500)
    parser.add_argument("--real", type=int, default=100)
    parser.add_argument("--sample", type=int, default=60, help="pairs of the loop in each round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    first, second = draw_images(options.synthetic, options.size, 0), draw_images(options.real, options.size, 1)
    pairs, rng = options.synthetic * options.real, np.random.default_rng(2)
    compute_all_ssim(first[:2, :64], second[:2, :64])  # imports and first calls
    ratios, largest, totals = [], 0.0, []
    for number in range(options.rounds):
        chosen = [(int(rng.integers(len(first))), int(rng.integers(len(second)))) for _ in range(options.sample)]
        looped, loop_wall, loop = timed(
            lambda chosen=chosen: [structural_similarity(first[i] + 1, second[j] + 1, **OPTIONS) for i, j in chosen]
        )
        found, wall, processor = timed(lambda: compute_all_ssim(first, second))
        largest = max(largest, max(abs(found[i, j] - value) for (i, j), value in zip(chosen, looped, strict=True)))
        loop_all = loop / options.sample * pairs
        ratios.append(loop_all / processor)
        totals.append((processor, loop_all))
        print(
            f"round {number + 1}: all {pairs:,} pairs {processor:.1f} s ({wall:.1f} s wall-clock); the loop, from "
            f"{options.sample} pairs, {loop_all:.0f} s ({loop_wall / options.sample * pairs:.0f} s); {ratios[-1]:.1f} "
            "times slower",
            flush=True,
        )
    ours, loop = np.median(totals, axis=0)
    print(
        f"{options.synthetic} x {options.real} images of {options.size} px: {ours:.1f} s, the loop {loop:.0f} s; "
        f"median ratio {np.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}); largest error {largest:.1e}"
    )


if __name__ == "__main__":
    main()
