"""Chooses the images of every training step and brings them to the device.

The order is a pure function of the seed and the number of images seen: endless shuffled passes over all training
images, or over the images of each class if classes are drawn equally often. Because it has no state, a run resumed at
any number of images seen continues exactly as if it had never stopped. With several processes, each takes every n-th
image of the common order, so that together they see each image once per pass.

Pixels are transferred as stored integers and converted to images on the device, which needs a quarter or half of the
bytes. On a GPU the training images are held in device memory if they fit into `MEMORY_SHARE` of the free memory.
Otherwise, and always on a CPU, a thread reads ahead from the store: the page cache already holds the pixels for all
processes, and a copy would only need the memory twice. Both ways give the same numbers. Every process holds all
training images on its own device, since each pass distributes them anew; each opens the store itself.

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
"""Fraction of a GPU's free memory for training images; networks, gradients and activations need the rest."""
AHEAD = 2
"""Number of batches read ahead."""
BLOCK_IMAGES = 1024
"""Number of images copied to the device at a time when it holds all of them."""

Order: TypeAlias = tuple[int, Stream, *tuple[int, ...]]
"""What decides the order of shuffled passes: seed, stream and the numbers of its part, such as a class."""


def draw_rows(seed: int, name: Stream, first: int, count: int, width: int) -> NDArray[np.float64]:
    """Returns uniform random numbers in [0, 1); each row depends only on its index, not on `first` and `count`.

    Args:
        seed: Random seed of the run.
        name: Random stream; different streams are independent.
        first: Index of the first row, 0 or more.
        count: Number of rows.
        width: Numbers per row.

    Returns:
        Shape (count, width).

    Source: counter-based generator Philox: Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405

    Example:
        >>> bool((draw_rows(0, Stream.CLASS_ORDER, 0, 5, 3)[2:] == draw_rows(0, Stream.CLASS_ORDER, 2, 3, 3)).all())
        True
    """
    blocks = -(-width // 4)  # each counter value gives four numbers
    generator = counter_stream(seed, name, (width,), first * blocks)
    return generator.random((count, 4 * blocks))[:, :width]


@lru_cache(maxsize=64)
def passes(count: int, path: Order) -> Callable[[int], NDArray[np.int64]]:
    """Returns a function from the number of a pass to its order, shape (count,); it caches the latest two passes.

    With more than 64 classes the passes are shuffled again for each batch.
    """
    return lru_cache(maxsize=2)(partial(shuffle, count, path))


def shuffle(count: int, path: Order, epoch: int) -> NDArray[np.int64]:
    """Returns the order of one pass: a permutation of range(count), shape (count,).

    Args:
        count: Number of images.
        path: Seed and random stream.
        epoch: Number of the pass.
    """
    return stream(*path, epoch).permutation(count)


def choose_passes(indices: NDArray[np.int64], positions: NDArray[np.int64], path: Order) -> NDArray[np.int64]:
    """Returns the entries at the given positions of the endless shuffled passes over `indices`, shape (B,).

    Args:
        indices: Store indices of the images, shape (N,).
        positions: Positions in the endless order, shape (B,).
        path: Seed and random stream.
    """
    epochs, within = np.divmod(positions, len(indices))
    chosen = np.empty(len(positions), np.int64)
    order = passes(len(indices), path)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        chosen[here] = order(int(epoch))[within[here]]
    return indices[chosen]


def choose_batch(indices: NDArray[np.int64], images_seen: int, batch_size: int, seed: int) -> NDArray[np.int64]:
    """Returns the store indices of the batch after `images_seen` images.

    Args:
        indices: Store indices of the training images, shape (N,).
        images_seen: Number of images consumed so far, over all processes.
        batch_size: Images per batch, over all processes; a batch may span two passes.
        seed: Random seed of the order.

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
    """Returns the store indices of the next batch, with every class drawn equally often.

    The stream is a sequence of rounds. A round holds one image of each class in random order; each class runs through
    its own shuffled passes. So all classes are equally frequent after every round, and no image of a class is repeated
    before all others of that class were drawn.

    Args:
        classes: Store indices of the training images of each class, shape (N_k,) each.
        images_seen: Number of images consumed so far, over all processes.
        batch_size: Images per batch, over all processes; a batch may begin and end inside a round.
        seed: Random seed of the order.

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
    """Returns the indices of each class in alphabetical order, given indices and their labels, shape (N,) each."""
    return [indices[labels == label] for label in np.unique(labels)]


def make_schedule(
    choose: Callable[[int], NDArray[np.int64]], images_seen: int, batch_size: int, rank: int = 0, world: int = 1
) -> Iterator[NDArray[np.int64]]:
    """Yields endlessly the store indices of one process's part of each batch, shape (B,).

    Args:
        choose: Function from the number of images seen to the indices of the whole next batch.
        images_seen: Number of images seen at the start, over all processes.
        batch_size: Images per batch, over all processes.
        rank: Rank of this process.
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
        store: Store with the images.
        indices: Store indices of all images that the schedule may request, shape (N,).
        schedule: Store indices of the images of each batch, shape (B,) each.
        device: Device of the batches.
        hold: Whether to hold all images in device memory; None holds them if they fit.

    Yields:
        Shape (B, 1, H, W), float32 in [-1, 1], on the device, equal to `Store.load_images`.
    """
    return (to_network(pixels, store.intensity) for pixels in feed_pixels(store, indices, schedule, device, hold))


def feed_pixels(
    store: Store,
    indices: NDArray[np.int64],
    schedule: Iterator[NDArray[np.int64]],
    device: torch.device,
    hold: bool | None = None,
) -> Iterator[Tensor]:
    """Yields a batch of stored integers, shape (B, H, W), on the device for each entry of a schedule.

    Args:
        store: Store with the images.
        indices: Store indices of all images that the schedule may request, shape (N,).
        schedule: Store indices of the images of each batch, shape (B,) each.
        device: Device of the batches.
        hold: Whether to hold all images in device memory; None holds them if they fit.
    """
    device = number_device(device)
    if fits(store, len(indices), device) if hold is None else hold:
        return feed_held(store, indices, schedule, device)
    return feed_streamed(store, schedule, device)


def number_device(device: torch.device) -> torch.device:
    """Returns the device with its index: another thread does not know which GPU is current in this one."""
    return torch.device("cuda", torch.cuda.current_device()) if device == torch.device("cuda") else device


def fits(store: Store, count: int, device: torch.device) -> bool:
    """Tells whether `count` images may be held in device memory; never on a CPU (see above).

    Args:
        store: Store with the images.
        count: Number of images.
        device: Device of the batches.
    """
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return count * store.size**2 * np.dtype(store.intensity.dtype).itemsize <= MEMORY_SHARE * free


def feed_held(
    store: Store, indices: NDArray[np.int64], schedule: Iterator[NDArray[np.int64]], device: torch.device
) -> Iterator[Tensor]:
    """Yields batches of stored integers, shape (B, H, W), from device memory, after reading all images of `indices`.

    Args:
        store: Store with the images.
        indices: Store indices of all images that the schedule may request, shape (N,).
        schedule: Store indices of the images of each batch, shape (B,) each.
        device: Device of the batches.
    """
    kept = np.unique(indices)
    held = hold_pixels(store, kept, device)
    for chosen in schedule:
        rows = torch.from_numpy(np.searchsorted(kept, chosen)).to(device, non_blocking=True)
        yield held.index_select(0, rows)


def hold_pixels(store: Store, indices: NDArray[np.int64], device: torch.device) -> Tensor:
    """Returns stored integers on the device, shape (N, H, W); read in blocks, so the host never holds all of them.

    Args:
        store: Store with the images.
        indices: Store indices, shape (N,).
        device: Device to hold them.
    """
    shape = (len(indices), store.size, store.size)
    held = torch.empty(shape, dtype=read_pixels(store, indices[:0]).dtype, device=device)
    for start in range(0, len(indices), BLOCK_IMAGES):
        held[start : start + BLOCK_IMAGES] = read_pixels(store, indices[start : start + BLOCK_IMAGES])
    return held


def feed_streamed(store: Store, schedule: Iterator[NDArray[np.int64]], device: torch.device) -> Iterator[Tensor]:
    """Yields batches of stored integers, shape (B, H, W), that a thread reads ahead from the store.

    Args:
        store: Store with the images.
        schedule: Store indices of the images of each batch, shape (B,) each.
        device: Device of the batches.
    """

    def enter() -> None:
        if device.type == "cuda":  # otherwise pinning would open a context on the first GPU in every process
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
    """Returns the stored integers at the given indices, shape (B,), as shape (B, H, W).

    16-bit grey values are returned as int16 with the same bits: torch can't index uint16. Reading releases the GIL.
    """
    pixels = store.images[indices]
    return torch.from_numpy(pixels.view(np.int16) if pixels.dtype == np.uint16 else pixels)


def to_network(pixels: Tensor, intensity: IntensityMap) -> Tensor:
    """Returns images in network range: `IntensityMap.to_network` on the device, in the same steps, hence bit-identical.

    Args:
        pixels: Result of `read_pixels`, shape (B, H, W).
        intensity: Intensity map of the store.

    Returns:
        Shape (B, 1, H, W), float32 in [-1, 1].
    """
    if intensity.dtype == "uint16":
        pixels = pixels.to(torch.int32).bitwise_and_(0xFFFF)
    image = pixels.to(torch.float32).sub_(intensity.low)
    image = image.mul_(float(np.float32(2.0 / (intensity.high - intensity.low)))).sub_(1.0)
    return image.clamp_(-1.0, 1.0)[:, None]


def find_measured(pixels: Tensor, intensity: IntensityMap) -> Tensor | None:
    """Returns a mask of measured pixels, shape (B, 1, H, W), from pixels (B, H, W); None if they are not HU."""
    return (pixels != PADDING_HU)[:, None] if intensity.unit == "HU" else None
