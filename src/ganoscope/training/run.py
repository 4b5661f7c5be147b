"""A training run from start to end."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import tee
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.contracts import Batch, ImageSpec, Terms
from ganoscope.data.augment import Policy, augment, draw_factors, policy_of
from ganoscope.data.feed import choose_balanced, choose_batch, feed_images, group_by_label, make_schedule
from ganoscope.data.labels import count_classes, encode_labels
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse
from ganoscope.files import remove_leftovers
from ganoscope.methods import load
from ganoscope.progress import CONSOLE, ProgressBar
from ganoscope.training.alarms import (
    TrainingAlarms,
    check_domination,
    check_gradients,
    check_prevalence,
    check_samples,
)
from ganoscope.training.checkpoint import (
    TrainingState,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from ganoscope.training.discriminator_augmentation import Adaptation, make_discriminator_augmentation
from ganoscope.training.ema import MovingAverage
from ganoscope.training.history import History
from ganoscope.training.loop import train_step
from ganoscope.training.processes import (
    Place,
    choose_device,
    distribute,
    join_processes,
    launch,
    make_autocast,
)
from ganoscope.training.rates import find_rate_factor, note_initial_rates, set_rates
from ganoscope.training.record import RunRecord, TrainConfig, load_record, make_record, refuse_other_run, save_record
from ganoscope.training.samples import draw_samples, save_samples
from ganoscope.training.speed import SHORT_IMAGES, choose_speed, choose_without_measuring, place_networks

FLUSH_STEPS = 50
"""Steps between two looks at the losses: on a GPU, each look waits for it."""


def train(
    method_name: str,
    method_config: Any,
    store_path: Path,
    run: Path,
    config: TrainConfig,
    policy: Policy | None = None,
) -> None:
    """Trains a method on a store's train part into a run folder; goes on where an earlier call stopped.

    Args:
        method_name: What to train.
        method_config: Its hyper-parameters.
        store_path: Folder of the store.
        run: Folder of the run.
        config: How to train.
        policy: Augmentation of your own, in place of `config.augment`.

    Raises:
        UserError: The method can't do the store's size, the store is damaged, or the run belongs to something else.
    """
    record = prepare_run(method_name, method_config, store_path, run, config, policy)
    if config.devices > 1 and "RANK" not in os.environ:
        launch(config.devices, train_process, record, run)
    else:
        train_process(record, run)


def prepare_run(
    method_name: str,
    method_config: Any,
    store_path: Path,
    run: Path,
    config: TrainConfig,
    policy: Policy | None = None,
) -> RunRecord:
    """Checks everything that can be checked before the first step, writes `run.json`, and returns it."""
    store = Store.open(store_path)
    store.verify()
    refuse(list_unsuited(method_name, config))
    refuse_unfit(method_name, method_config, store)
    if policy is None and config.augment == "safe":
        policy = policy_of(store.modality)
    refuse(list_feed_faults(store, config, policy))
    device = choose_device(config.device)
    resolved = config.resolve(len(store.indices("train")), device)
    record = make_record(method_name, method_config, resolved, store, policy)
    exists = (run / "run.json").exists()
    record = replace(record, train=settle(record, method_config, load_record(run).train if exists else None))
    if exists:
        refuse_other_run(run, record)
    elif run.exists() and any(run.iterdir()):
        raise UserError(f"run folder {run} is not empty and holds no run; allowed: a new folder, or a run's.")
    if int(os.environ.get("RANK", "0")) == 0:
        run.mkdir(parents=True, exist_ok=True)
        save_record(run, record)
    return record


def settle(record: RunRecord, method_config: Any, begun: TrainConfig | None) -> TrainConfig:
    """Returns the training configuration with nothing left open: as the run was begun, or as a measurement says.

    torchrun's processes have to agree, so nothing is measured there.
    """
    config, device = record.train, torch.device(record.train.device)
    if begun:
        names = ("precision", "memory_format", "compile")
        return replace(config, **{name: getattr(begun, name) for name in names if getattr(config, name) == "auto"})
    if "RANK" in os.environ or (config.images or 0) < SHORT_IMAGES:
        return config.settle(choose_without_measuring(config, device.type))
    build = partial(load(record.method).build, method_config, record.spec)
    return config.settle(choose_speed(build, record.spec, config, device))


def refuse_unfit(method_name: str, method_config: Any, store: Store) -> None:
    """Refuses a store that the method can't learn from."""
    module = load(method_name)
    try:
        with torch.device("meta"):
            module.build(method_config, ImageSpec(store.size, tuple(count_classes(store))))
    except ValueError as error:
        raise UserError(str(error)) from None
    if hasattr(module, "check"):
        module.check(method_config, store)


def list_unsuited(method_name: str, config: TrainConfig) -> list[str]:
    """Returns which training options the method can't do with."""
    unsuited: dict[str, str] = getattr(load(method_name), "UNSUITED", {})
    return [
        describe(
            f"--{name.replace('_', '-')} does not suit {method_name}",
            str(getattr(config, name)),
            str(getattr(TrainConfig(), name)),
            f"Leave it out: {reason}.",
        )
        for name, reason in unsuited.items()
        if getattr(config, name) != getattr(TrainConfig(), name)
    ]


def list_feed_faults(store: Store, config: TrainConfig, policy: Policy | None) -> list[str]:
    """Returns what keeps a store's train part from being fed as wanted."""
    labels = store.column("label")[store.indices("train")]
    faults = []
    if len(labels) < config.batch_size:
        faults.append(
            describe("too few training images", len(labels), f"{config.batch_size} (one batch) or more", "")
            + "Lower --batch-size, or prepare a store of more images."
        )
    if config.balance and (len(np.unique(labels)) < 2 or not np.all(labels != "")):
        found = f"{len(np.unique(labels[labels != '']))} classes, {np.sum(labels == ''):,} images without a label"
        remedy = "Leave --balance out, or prepare a store with labels."
        faults.append(
            describe("--balance needs the class of every training image", found, "2 or more classes, 0 images", remedy)
        )
    if policy and policy.recolours and store.intensity.unit == "HU":
        remedy = "Leave them at 1: Hounsfield units are measured, not to be rescaled."
        faults.append(describe("gain, gamma or bias of the augmentation on HU", policy, "geometry alone", remedy))
    return faults


def train_process(record: RunRecord, run: Path) -> None:
    """Trains in this process until the run's number of images is reached."""
    with join_processes(record.train.device) as place:
        session = Session(record, run, place)
        session.train()


class Session:
    """One process's part in a run: the networks on their device, the feed, and what is written down."""

    def __init__(self, record: RunRecord, run: Path, place: Place) -> None:
        self.record, self.run, self.place, self.config = record, run, place, record.train
        self.store = Store.open(Path(record.store))
        self.indices = self.store.indices("train")
        torch.manual_seed(self.config.seed)
        module = load(record.method)
        self.method: Any = module.build(module.Config(**record.method_config), record.spec)
        self.average = MovingAverage(self.method.networks["G"], self.config.ema_half_life_images)
        self.speed = choose_without_measuring(self.config, place.device.type)
        place_networks(self.method.networks.values(), place.device, self.speed)
        place_networks([self.average.average], place.device, replace(self.speed, compile=False))
        self.average.average.eval()
        self.adaptation = self._augment_discriminator()
        self.state = TrainingState(self.kept, {"G": self.average.average}, self.method.phases)
        self.autocast = make_autocast(place.device.type, self.speed.precision)
        note_initial_rates(self.method.phases)
        self.images_seen = self._resume()
        schedule, self.positions = tee(self._schedule())  # the feed reads its half ahead
        self.feed = feed_images(self.store, self.indices, schedule, place.device)
        codes = encode_labels(self.store.column("label"), record.spec.classes)
        self.labels = torch.from_numpy(codes) if record.spec.classes else None
        if place.world > 1:
            self.method.phases = tuple(distribute(p, self.method.networks) for p in self.method.phases)

    def _augment_discriminator(self) -> Adaptation | None:
        """Puts the augmentation before D, where one is wanted, and among what checkpoints keep."""
        mode = self.config.diff_augment
        augmentation = make_discriminator_augmentation(self.method, self.store, mode)
        self.kept = {**self.method.networks}
        if augmentation is None:
            return None
        self.kept["augmentation"] = augmentation
        return Adaptation(self.method, augmentation, self.store, self.config.seed) if mode == "adaptive" else None

    def _resume(self) -> int:
        checkpoints = list_checkpoints(self.run)
        return load_checkpoint(checkpoints[-1], self.state) if checkpoints else 0

    def _schedule(self) -> Iterator[NDArray[np.int64]]:
        seed, batch_size, place = self.config.seed, self.config.batch_size, self.place
        choose = partial(choose_batch, self.indices, batch_size=batch_size, seed=seed)
        if self.config.balance:
            classes = group_by_label(self.indices, self.store.column("label")[self.indices])
            choose = partial(choose_balanced, classes, batch_size=batch_size, seed=seed)
        return make_schedule(choose, self.images_seen, batch_size, place.rank, place.world)

    def train(self) -> None:
        """Runs steps until the wanted number of images is seen, or the user interrupts."""
        total = self.config.images or 0
        if not self.place.leads:
            while self.images_seen < total:
                self._step()
            return
        remove_leftovers(self.run / "checkpoints")
        self._announce(total)
        history = History(self.run, self.images_seen)
        alarms = TrainingAlarms(self.run, self.images_seen)
        start = time.monotonic()
        with ProgressBar("training", total, self.images_seen) as bar, catch_interrupt() as interrupted:
            self._tick(history, alarms, [])
            rows: list[dict[str, float]] = []
            while self.images_seen < total and not interrupted():
                terms = self._step()
                history.add(self.images_seen, time.monotonic() - start, terms)
                due = self.images_seen % (self.config.tick_images or 1) == 0 or self.images_seen >= total
                if due or interrupted() or (self.images_seen // self.config.batch_size) % FLUSH_STEPS == 0:
                    rows += alarms.watch(history.flush, self.images_seen)
                if due or interrupted():
                    self._tick(history, alarms, rows)
                    rows = []
                bar.advance(self.config.batch_size, summarise(terms))
        history.close()
        if self.images_seen < total:
            raise UserError(
                f"stopped after {self.images_seen:,} of {total:,} images; all is saved. The same command goes on."
            )

    def _announce(self, total: int) -> None:
        config = self.config
        begun = f"going on from {self.images_seen:,} of" if self.images_seen else "for"
        CONSOLE.print(
            f"training {self.record.method} on {len(self.indices):,} images of {self.store.name} "
            f"({self.store.size} x {self.store.size}), {begun} {total:,} images; {config.device}, {self.speed}, "
            f"batch {config.batch_size}, seed {config.seed}, {self.place.world} process(es)"
        )

    def _step(self) -> dict[str, Terms]:
        """Runs one step; its random numbers depend on the seed, the process and the images seen, on nothing else."""
        config, place = self.config, self.place
        entropy = np.random.SeedSequence([config.seed, place.rank, self.images_seen])
        torch.manual_seed(int(entropy.generate_state(1)[0]))
        real = next(self.feed)
        if self.record.augmentation:
            factors = draw_factors(config.seed, self.images_seen, config.batch_size)[place.rank :: place.world]
            real = augment(real, self.record.augmentation, torch.from_numpy(factors).to(place.device))
        set_rates(self.method.phases, find_rate_factor(config, self.images_seen))
        batch = Batch(real, self._read_labels())
        step = self.images_seen // config.batch_size
        terms = train_step(self.method, batch, step, self.autocast, config.accumulate)
        self.images_seen += config.batch_size
        self.average.update(config.batch_size, self.images_seen)
        if self.adaptation:
            self.adaptation.update(config.batch_size, self.images_seen)
        return terms

    def _read_labels(self) -> Tensor | None:
        """Returns the label codes of the images that the feed has just given."""
        positions = torch.from_numpy(next(self.positions))
        return None if self.labels is None else self.labels[positions].to(self.place.device, non_blocking=True)

    def _tick(self, history: History, alarms: TrainingAlarms, rows: list[dict[str, float]]) -> None:
        """Saves a checkpoint and a sample grid, and looks for alarms."""
        found = check_prevalence(self.store.column("label")[self.indices]) if self.config.balance else []
        save_checkpoint(self.run, self.images_seen, self.state)
        fake = draw_samples(self.average.average, self.method, self.place.device)
        shown = self.record.spec.classes if self.method.classes else ()
        sheet = save_samples(self.run, self.images_seen, fake, self.store, shown)
        history.add_image("samples", sheet, self.images_seen)
        if rows:
            spread = np.linspace(0, len(self.indices) - 1, min(len(fake), len(self.indices))).astype(int)
            real = self.store.load_images(self.indices[spread])[:, 0]
            found += check_domination(rows)
            found += check_gradients(self.method.networks, self.method.phases, rows)
            found += check_samples(real, fake, self.images_seen / (self.config.images or 1))
        for alarm in alarms.update(found, self.images_seen):
            CONSOLE.print(f"alarm ({alarm.severity}) at {self.images_seen:,} images: {alarm.message}")


def summarise(terms: Mapping[str, Terms]) -> str:
    """Returns what the phases observed, such as D(x) and D(G(z)), for the progress bar; a GPU is not waited for."""
    signs = {"d_real": "D(x)", "d_fake": "D(G(z))"}
    seen = {name: value for group in terms.values() for name, value in group.observations().items() if value.is_cpu}
    return " ".join(f"{signs.get(name, name.replace('_', ' '))} {value:.2f}" for name, value in seen.items())


@contextmanager
def catch_interrupt() -> Iterator[Callable[[], bool]]:
    """Yields a function that tells whether Ctrl-C or SIGTERM came: training then ends after the step, and saves."""
    received: list[int] = []
    old = {
        number: signal.signal(number, lambda received_number, _: received.append(received_number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
