"""Batches of the training steps: a store's images with their labels, or images of two domains."""

from collections.abc import Iterator
from functools import partial
from itertools import tee
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ganoscope.contracts import Batch, Domains
from ganoscope.data.feeding.augment import augment, draw_factors
from ganoscope.data.feeding.feed import (
    choose_balanced,
    choose_batch,
    feed_images,
    feed_pixels,
    find_measured,
    group_by_label,
    make_schedule,
    to_network,
)
from ganoscope.data.store import Store
from ganoscope.data.store.classes import encode_labels
from ganoscope.data.store.domains import Domain, open_domains
from ganoscope.seeds import make_domain_seed
from ganoscope.training.config import TrainConfig
from ganoscope.training.processes import Place
from ganoscope.training.run_folder.record import RunRecord


class Feed(Protocol):
    """Reads batches in the order given by the seed, starting at a number of images seen."""

    def read(self, images_seen: int) -> Batch | Domains:
        """Returns the next batch on the device; `images_seen` is the number before it."""
        ...


def open_feed(record: RunRecord, store: Store, place: Place, images_seen: int) -> Feed:
    """Returns the feed of a run from a number of images seen on.

    Args:
        record: The run's record.
        store: Store that it is trained on.
        place: Position of this process.
        images_seen: Images seen before the first batch.
    """
    if not record.spec.domains:
        return ImageFeed(record, store, place, images_seen)
    return DomainFeed(record, open_run_domains(record.train, store), place, images_seen)


def open_run_domains(config: TrainConfig, store: Store) -> tuple[Domain, Domain]:
    """Returns the domains that a training configuration names."""
    return open_domains(store, config.domains, Store.open(Path(config.target_store)) if config.target_store else None)


class ImageFeed:
    """Batches of a store's train split."""

    def __init__(self, record: RunRecord, store: Store, place: Place, images_seen: int) -> None:
        self.record, self.place = record, place
        config, indices = record.train, store.indices("train")
        choose = partial(choose_batch, indices, batch_size=config.batch_size, seed=config.seed)
        labels = store.column("label")
        if config.balance:
            classes = group_by_label(indices, labels[indices])
            choose = partial(choose_balanced, classes, batch_size=config.batch_size, seed=config.seed)
        schedule = make_schedule(choose, images_seen, config.batch_size, place.rank, place.world)
        schedule, self.positions = tee(schedule)  # the feed reads ahead of the labels
        self.images = feed_images(store, indices, schedule, place.device)
        self.labels = torch.from_numpy(encode_labels(labels, record.spec.classes)) if record.spec.classes else None

    def read(self, images_seen: int) -> Batch:
        """Returns the next images with their labels."""
        real = augment_batch(next(self.images), self.record, self.place, images_seen)
        positions = torch.from_numpy(next(self.positions))
        label = None if self.labels is None else self.labels[positions].to(self.place.device, non_blocking=True)
        return Batch(real, label)


class DomainFeed:
    """Unpaired batches of two domains, each in its own shuffled passes."""

    def __init__(self, record: RunRecord, domains: tuple[Domain, Domain], place: Place, images_seen: int) -> None:
        self.record, self.place, self.domains = record, place, domains
        self.pixels = [self._feed(number, images_seen) for number in range(2)]

    def _feed(self, number: int, images_seen: int) -> Iterator[Tensor]:
        config, place, domain = self.record.train, self.place, self.domains[number]
        indices = domain.indices("train")
        seed = make_domain_seed(config.seed, number)
        choose = partial(choose_batch, indices, batch_size=config.batch_size, seed=seed)
        schedule = make_schedule(choose, images_seen, config.batch_size, place.rank, place.world)
        return feed_pixels(domain.store, indices, schedule, place.device)

    def read(self, images_seen: int) -> Domains:
        """Returns the next images of both domains with their masks of measured pixels."""
        (a, measured_a), (b, measured_b) = (self._read(number, images_seen) for number in range(2))
        return Domains(a, b, measured_a, measured_b)

    def _read(self, number: int, images_seen: int) -> tuple[Tensor, Tensor | None]:
        pixels, intensity = next(self.pixels[number]), self.domains[number].store.intensity
        measured = find_measured(pixels, intensity)
        image = augment_batch(to_network(pixels, intensity), self.record, self.place, images_seen, number)
        if measured is not None and self.record.augmentation:
            moved = augment_batch(measured.float() * 2 - 1, self.record, self.place, images_seen, number)
            measured = moved > 1 - 1e-3
        return image, measured


def augment_batch(real: Tensor, record: RunRecord, place: Place, images_seen: int, domain: int = 0) -> Tensor:
    """Returns the images (B, C, H, W), each augmented in its own way if the run augments.

    Args:
        real: Images in [-1, 1], shape (B, C, H, W).
        record: The run's record.
        place: Position of this process.
        images_seen: Images seen before the batch; part of the seed.
        domain: Index of the domain; part of the seed.
    """
    if not record.augmentation:
        return real
    count = record.train.batch_size
    factors = draw_factors(make_domain_seed(record.train.seed, domain), images_seen, count)
    return augment(real, record.augmentation, torch.from_numpy(factors[place.rank :: place.world]).to(place.device))
