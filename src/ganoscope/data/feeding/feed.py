"""Which images make up which training step, and how they reach the device.

The order is a pure function of the seed and the number of images seen: shuffled passes without end, over all training
images, or over each class's own where classes are drawn equally often. Because it has no state, a run that resumes at
any number of images seen goes on exactly as if it had never stopped. Under several processes each takes every n-th
image of the one order, so together they show each image once in a pass.

Pixels travel as stored integers and become images on the device: a quarter or half of the bytes. On a GPU the training
part is held in device memory where it fits into `MEMORY_SHARE` of what is free. Otherwise, and always on a CPU, a
thread reads ahead from the memory map: there the page cache already is the memory, shared by all processes, and a copy
of our own would only take it twice. Both ways give the same numbers. Every process holds the whole training part on
its own device, since each pass deals the images out anew; each opens the store, and so its memory map, itself.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store import Store
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.seeds import Stream, counter_stream, stream

MEMORY_SHARE = 0.25
"""The training part may take this share of a GPU's free memory; networks, gradients and activations need the rest."""
AHEAD = 2
"""Batches that are read before they are asked for."""
BLOCK_IMAGES = 1024
"""Images that are copied to the device at once when it is to hold all."""

Order: TypeAlias = tuple[int, Stream, *tuple[int, ...]]
"""What decides the order of shuffled passes: seed, stream and the numbers of its part, such as a class."""


def draw_rows(seed: int, name: Stream, first: int, count: int, width: int) -> NDArray[np.float64]:
    """Returns uniform random numbers in [0, 1), of which each row depends on its number alone, not on the cut.

    Args:
        seed: Seed of the run.
        name: Stream that they are drawn from.
        first: Number of the first row, 0 or more.
        count: Rows wanted.
        width: Numbers in a row.

    Returns:
        Shape (count, width).

    Source: counter-based generator Philox: Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405

    Example:
        >>> bool((draw_rows(0, Stream.CLASS_ORDER, 0, 5, 3)[2:] == draw_rows(0, Stream.CLASS_ORDER, 2, 3, 3)).all())
        True
    """
    blocks = -(-width // 4)  # each value of the counter gives four numbers
    generator = counter_stream(seed, name, (width,), first * blocks)
    return generator.random((count, 4 * blocks))[:, :width]


@lru_cache(maxsize=64)
def passes(count: int, path: Order) -> Callable[[int], NDArray[np.int64]]:
    """Returns the function that gives the order of each pass over `count` images; it keeps the latest two.

    More than 64 classes work as well, but their passes are shuffled anew at each batch.
    """
    return lru_cache(maxsize=2)(partial(shuffle, count, path))


def shuffle(count: int, path: Order, epoch: int) -> NDArray[np.int64]:
    """Returns the order of one pass: a permutation of range(count) that only its arguments decide."""
    return stream(*path, epoch).permutation(count)


def choose_passes(indices: NDArray[np.int64], positions: NDArray[np.int64], path: Order) -> NDArray[np.int64]:
    """Returns what stands at some positions of the endless shuffled passes over `indices`; shape of `positions`."""
    epochs, within = np.divmod(positions, len(indices))
    chosen = np.empty(len(positions), np.int64)
    order = passes(len(indices), path)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        chosen[here] = order(int(epoch))[within[here]]
    return indices[chosen]


def choose_batch(indices: NDArray[np.int64], images_seen: int, batch_size: int, seed: int) -> NDArray[np.int64]:
    """Returns the store positions of the batch that follows after `images_seen` images.

    Args:
        indices: Positions of the training images in the store, shape (N,).
        images_seen: Images consumed so far, over all processes.
        batch_size: Images wanted, over all processes; a batch may span two passes.
        seed: Of the order.

    Returns:
        Shape (batch_size,).

    Example:
        >>> stream = [choose_batch(np.arange(5), seen, 2, seed=0) for seen in range(0, 10, 2)]
        >>> np.bincount(np.concatenate(stream)).tolist()
        [2, 2, 2, 2, 2]
    """
    return choose_passes(indices, np.arange(images_seen, images_seen + batch_size), (seed, Stream.PASSES))


def choose_balanced(
    classes: Sequence[NDArray[np.int64]], images_seen: int, batch_size: int, seed: int
) -> NDArray[np.int64]:
    """Returns the store positions of the batch that follows, with every class drawn equally often.

    The stream is a row of rounds. A round has one image of each class, in an order of its own; each class goes through
    its own shuffled passes. So the counts of all classes are equal after every round, and no image of a class comes
    again before all others of that class have come.

    Args:
        classes: Positions in the store of each class's training images.
        images_seen: Images consumed so far, over all processes.
        batch_size: Images wanted, over all processes; a batch may begin and end inside a round.
        seed: Of the order.

    Returns:
        Shape (batch_size,).

    Example:
        >>> batch = choose_balanced([np.array([0, 1, 2]), np.array([9])], 0, 6, seed=0)
        >>> sorted(batch.tolist())
        [0, 1, 2, 9, 9, 9]
    """
    rounds, places = np.divmod(np.arange(images_seen, images_seen + batch_size), len(classes))
    first = images_seen // len(classes)
    keys = draw_rows(seed, Stream.CLASS_ORDER, first, int(rounds[-1]) - first + 1, len(classes))
    members = keys.argsort(axis=1, kind="stable")[rounds - first, places]
    chosen = np.empty(batch_size, np.int64)
    for member, indices in enumerate(classes):
        here = members == member
        chosen[here] = choose_passes(indices, rounds[here], (seed, Stream.CLASS_PASSES, member))
    return chosen


def group_by_label(indices: NDArray[np.int64], labels: NDArray[np.str_]) -> list[NDArray[np.int64]]:
    """Returns the positions of each class, classes in alphabetical order; `labels` are those of `indices`."""
    return [indices[labels == label] for label in np.unique(labels)]


def make_schedule(
    choose: Callable[[int], NDArray[np.int64]], images_seen: int, batch_size: int, rank: int = 0, world: int = 1
) -> Iterator[NDArray[np.int64]]:
    """Yields the store positions of one process's share of each batch, without end.

    Args:
        choose: From the images seen to the positions of the whole next batch.
        images_seen: Where to begin, counted over all processes.
        batch_size: Images per batch, over all processes.
        rank: Number of this process.
        world: Number of processes.
    """
    while True:
        yield choose(images_seen)[rank::world]
        images_seen += batch_size


def feed_images(
    store: Store,
    indices: NDArray[np.int64],
    schedule: Iterator[NDArray[np.int64]],
    device: torch.device,
    hold: bool | None = None,
) -> Iterator[Tensor]:
    """Yields a batch of images for each entry of a schedule.

    Args:
        store: Where they come from.
        indices: Positions of all images that the schedule may name, shape (N,).
        schedule: Positions of the images of each batch.
        device: Where they are wanted.
        hold: Whether all are held in device memory; where it is None, they are if they fit.

    Yields:
        Shape (B, 1, H, W), float32 in [-1, 1], on the device: what `Store.load_images` gives.
    """
    return (to_network(pixels, store.intensity) for pixels in feed_pixels(store, indices, schedule, device, hold))


def feed_pixels(
    store: Store,
    indices: NDArray[np.int64],
    schedule: Iterator[NDArray[np.int64]],
    device: torch.device,
    hold: bool | None = None,
) -> Iterator[Tensor]:
    """Yields, for each entry of a schedule, what `read_pixels` returns, on the device; arguments as `feed_images`."""
    device = number_device(device)
    if fits(store, len(indices), device) if hold is None else hold:
        return feed_held(store, indices, schedule, device)
    return feed_streamed(store, schedule, device)


def number_device(device: torch.device) -> torch.device:
    """Returns the device with its number: a thread of its own does not know which GPU is the current one here."""
    return torch.device("cuda", torch.cuda.current_device()) if device == torch.device("cuda") else device


def fits(store: Store, count: int, device: torch.device) -> bool:
    """Returns whether `count` images may be held in a device's memory; never on a CPU, see above."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return count * store.size**2 * np.dtype(store.intensity.dtype).itemsize <= MEMORY_SHARE * free


def feed_held(
    store: Store, indices: NDArray[np.int64], schedule: Iterator[NDArray[np.int64]], device: torch.device
) -> Iterator[Tensor]:
    """Yields batches out of device memory; the first one is preceded by reading all images of `indices`."""
    kept = np.unique(indices)
    held = hold_pixels(store, kept, device)
    for chosen in schedule:
        rows = torch.from_numpy(np.searchsorted(kept, chosen)).to(device, non_blocking=True)
        yield held.index_select(0, rows)


def hold_pixels(store: Store, indices: NDArray[np.int64], device: torch.device) -> Tensor:
    """Returns stored integers on the device, shape (N, H, W); read in blocks, so the host never has all of them."""
    shape = (len(indices), store.size, store.size)
    held = torch.empty(shape, dtype=read_pixels(store, indices[:0]).dtype, device=device)
    for start in range(0, len(indices), BLOCK_IMAGES):
        held[start : start + BLOCK_IMAGES] = read_pixels(store, indices[start : start + BLOCK_IMAGES])
    return held


def feed_streamed(store: Store, schedule: Iterator[NDArray[np.int64]], device: torch.device) -> Iterator[Tensor]:
    """Yields batches that a thread has read from the memory map ahead of time."""

    def enter() -> None:
        if device.type == "cuda":  # pinning would otherwise open a context on the first GPU in every process
            torch.cuda.set_device(device)

    def read(chosen: NDArray[np.int64]) -> Tensor:
        pixels = read_pixels(store, chosen)
        return pixels.pin_memory() if device.type == "cuda" else pixels

    with ThreadPoolExecutor(1, "ganoscope-feed", initializer=enter) as reader:
        waiting: deque[Future[Tensor]] = deque()
        for chosen in schedule:
            waiting.append(reader.submit(read, chosen))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result().to(device, non_blocking=True)
        while waiting:
            yield waiting.popleft().result().to(device, non_blocking=True)


def read_pixels(store: Store, indices: NDArray[np.int64]) -> Tensor:
    """Returns stored integers at the given positions, shape (B, H, W).

    16-bit grey comes as int16 of the same bits: torch can't pick rows out of uint16. `take` lets other threads run.
    """
    pixels = np.take(np.asarray(store.images), indices, axis=0)
    return torch.from_numpy(pixels.view(np.int16) if pixels.dtype == np.uint16 else pixels)


def to_network(pixels: Tensor, intensity: IntensityMap) -> Tensor:
    """Returns images in network range: `IntensityMap.to_network` on the device, in the same steps and so the same bits.

    Args:
        pixels: What `read_pixels` returned, shape (B, H, W).
        intensity: The store's map.

    Returns:
        Shape (B, 1, H, W), float32 in [-1, 1].
    """
    if intensity.dtype == "uint16":
        pixels = pixels.to(torch.int32).bitwise_and_(0xFFFF)
    image = pixels.to(torch.float32).sub_(intensity.low)
    image = image.mul_(float(np.float32(2.0 / (intensity.high - intensity.low)))).sub_(1.0)
    return image.clamp_(-1.0, 1.0)[:, None]


def find_measured(pixels: Tensor, intensity: IntensityMap) -> Tensor | None:
    """Returns where a scanner measured something, bool, shape (B, 1, H, W); None where pixels are not HU."""
    return (pixels != PADDING_HU)[:, None] if intensity.unit == "HU" else None
