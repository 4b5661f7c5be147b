"""Images per second of the feed, streamed and held in memory, against a torch DataLoader over the same memory map.

All give float32 batches of shape (B, 1, H, W) in [-1, 1] in a shuffled order without end, and take turns in blocks in
one process. The DataLoader has a Dataset that reads one image of the store at a time, as its documentation shows, with
0 and with 2 workers; then one that reads a batch at a time. "Held" is what a GPU does where the store fits; here it is
forced on the CPU, so its ratio tells the cost of indexing. Pages of the map are in the page cache after the first pass.
Last, the share that feeding and augmentation take of a DCGAN step.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from ganoscope.data.feeding.augment import MR, augment, draw_factors
from ganoscope.data.feeding.feed import choose_batch, feed_images, make_schedule
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.methods.dcgan import Config
from ganoscope.training.config import TrainConfig
from ganoscope.training.preflight import prepare_run
from ganoscope.training.processes import Place
from ganoscope.training.session import Session
from ganoscope.workflows.phantom import phantom

BATCH, BLOCK = 32, 100
CPU = torch.device("cpu")


class OneByOne(Dataset):
    """The store's images one at a time; each worker opens the memory map itself."""

    def __init__(self, path):
        self.path, self.store = path, Store.open(path)

    def __len__(self):
        return self.store.count

    def __getitem__(self, index):
        return torch.from_numpy(self.store.load_images(np.array([index]))[0])


def make_loader(path, workers):
    dataset = OneByOne(path)
    sampler = RandomSampler(dataset, replacement=False, num_samples=10**7)  # pass after pass, so no worker is restarted
    return iter(DataLoader(dataset, BATCH, sampler=sampler, num_workers=workers, drop_last=True))


class WholeBatches(OneByOne):
    """The same, a batch at a time: less usual, and faster."""

    def __getitem__(self, indices):
        return torch.from_numpy(self.store.load_images(np.array(indices)))


def make_batch_loader(path):
    dataset = WholeBatches(path)
    sampler = BatchSampler(RandomSampler(dataset, replacement=False, num_samples=10**7), BATCH, drop_last=True)
    return iter(DataLoader(dataset, batch_size=None, sampler=sampler))


def make_feed(path, hold):
    store = Store.open(path)
    indices = np.arange(store.count)
    choose = partial(choose_batch, indices, batch_size=BATCH, seed=0)
    return feed_images(store, indices, make_schedule(choose, 0, BATCH), CPU, hold)


def take_block(batches, count):
    start = time.perf_counter()
    for batch in itertools.islice(batches, count):
        assert batch.shape[:2] == (BATCH, 1)
    return count * BATCH / (time.perf_counter() - start)


def compare_rates(path, rounds):
    sources = {
        "feed, streamed": make_feed(path, hold=False),
        "feed, held": make_feed(path, hold=True),
        "DataLoader, 0 workers": make_loader(path, 0),
        "DataLoader, 2 workers": make_loader(path, 2),
        "DataLoader of batches, 0 workers": make_batch_loader(path),
    }
    rates = {name: [] for name in sources}
    for turn in range(rounds + 1):
        for name, batches in sources.items():
            rate = take_block(batches, BLOCK)
            if turn:
                rates[name].append(rate)
    for name, values in rates.items():
        print(f"{name}: median {statistics.median(values):,.0f} images/s, {min(values):,.0f} to {max(values):,.0f}")
    for ours, theirs in itertools.product([*rates][:2], [*rates][2:]):
        ratios = [our / their for our, their in zip(rates[ours], rates[theirs], strict=True)]
        print(f"ratio {ours} / {theirs}: {statistics.median(ratios):.1f}, {min(ratios):.1f} to {max(ratios):.1f}")


def split_step(path, folder, rounds):
    record = prepare_run("dcgan", Config(), path, folder / "run", TrainConfig(images=10**6, batch_size=BATCH), MR)
    session = Session(record, folder / "run", Place(CPU))
    feed, seconds = make_feed(path, hold=False), {"step": [], "feeding": [], "augmentation": []}
    for turn in range(rounds + 1):
        times = [time.perf_counter()]
        session._step()
        times.append(time.perf_counter())
        images = next(feed)
        times.append(time.perf_counter())
        augment(images, MR, torch.from_numpy(draw_factors(0, turn * BATCH, BATCH)))
        times.append(time.perf_counter())
        if turn:
            for values, value in zip(seconds.values(), np.diff(times), strict=True):
                values.append(float(value))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"DCGAN step with all: {medians['step'] * 1e3:.1f} ms ({record.train.precision})")
    for name in ("feeding", "augmentation"):
        print(f"{name}: {medians[name] * 1e3:.2f} ms, {medians[name] / medians['step']:.1%} of the step")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "store"
        phantom(path, PhantomConfig(number=options.images, size=options.size))
        print(f"{options.images:,} images, {options.size} x {options.size}, batch {BATCH}, "
              f"{torch.get_num_threads()} thread(s)")  # fmt: skip
        compare_rates(path, options.rounds)
        split_step(path, Path(name), 4 * options.rounds)


if __name__ == "__main__":
    main()
