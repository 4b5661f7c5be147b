"""Training run of one process: steps, checkpoints, sample grids, history and alarms."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from ganoscope.contracts import Method, Terms
from ganoscope.data.store import Store
from ganoscope.errors import StoppedError, write_count
from ganoscope.files import remove_leftovers
from ganoscope.methods import load
from ganoscope.progress import CONSOLE, ProgressBar
from ganoscope.seeds import Stream, make_torch_seed
from ganoscope.signals import hold_signals
from ganoscope.training.discriminator_augmentation import Adaptation, make_discriminator_augmentation
from ganoscope.training.ema import MovingAverage
from ganoscope.training.feeding import open_feed, open_run_domains
from ganoscope.training.kept_alarms import TrainingAlarms
from ganoscope.training.loop import train_step
from ganoscope.training.observations import Observations
from ganoscope.training.processes import Place, distribute, make_autocast
from ganoscope.training.rates import find_rate_factor, note_initial_rates, set_rates
from ganoscope.training.run_folder.checkpoint import TrainingState, list_checkpoints, load_checkpoint, save_checkpoint
from ganoscope.training.run_folder.history import History
from ganoscope.training.run_folder.record import RunRecord, configure
from ganoscope.training.run_folder.samples import NoisePictures, Pictures, TranslationPictures
from ganoscope.training.run_folder.tracking import open_tracker
from ganoscope.training.speed import choose_speed, place_networks

AUGMENTATION = "diff_augment.probability"
"""Column of the history: probability of the discriminator augmentation."""
FLUSH_STEPS = 50
"""Steps between two transfers of the losses: on a GPU, each one waits for it."""


def open_pictures(record: RunRecord, store: Store, method: Method) -> Pictures:
    """Returns the maker of the run's sample grids.

    Args:
        record: The run's record.
        store: Store that it learns from.
        method: Its method.
    """
    if record.domains:
        return TranslationPictures(open_run_domains(record.train, store))
    return NoisePictures(method, store, record.spec.classes if method.classes else ())


class Session:
    """Training run of one process: the networks on their device, the feed, and the files it writes."""

    def __init__(self, record: RunRecord, run: Path, place: Place) -> None:
        self.record, self.run, self.place, self.config = record, run, place, record.train
        self.store = Store.open(Path(record.store))
        target = self.config.target_store
        self.stores = [self.store, *([Store.open(Path(target))] if target else [])]
        self.indices = self.store.indices("train")
        torch.manual_seed(self.config.seed)
        self.method: Method = load(record.method).build(configure(run, record), record.spec)
        self.averages = {
            name: MovingAverage(self.method.networks[name], self.config.ema_half_life_images)
            for name in self.method.generators
        }
        self.speed = choose_speed(self.config, place.device.type)
        place_networks(self.method.networks.values(), place.device, self.speed)
        averages = {name: average.average for name, average in self.averages.items()}
        place_networks(averages.values(), place.device, replace(self.speed, compile=False))
        for average in averages.values():
            average.eval()
        self.adaptation = self._augment_discriminator()
        self.state = TrainingState(self.kept, averages, self.method.phases)
        self.autocast = make_autocast(place.device.type, self.speed.precision)
        note_initial_rates(self.method.phases)
        self.images_seen = self._resume()
        self.feed = open_feed(record, self.store, place, self.images_seen)
        self.pictures = open_pictures(record, self.store, self.method)
        if place.world > 1:
            self.method.phases = tuple(distribute(p, self.method.networks) for p in self.method.phases)

    def _augment_discriminator(self) -> Adaptation | None:
        """Attaches the requested augmentation to D, and adds it to the state that checkpoints keep."""
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

    def train(self) -> None:
        """Runs steps until the requested number of images is seen.

        Raises:
            StoppedError: A signal ended the run; everything up to then is saved.
            UserError: A loss is not finite, or the store was changed; everything up to the checkpoint before is saved.
        """
        total = self.config.images or 0
        with hold_signals() as received:
            stopped = self._lead(total, received) if self.place.leads else self._follow(total, received)
        if self.images_seen < total:
            raise StoppedError(
                f"stopped after {self.images_seen:,} of {total:,} images; everything is saved. Rerun the same "
                f"command to resume.",
                stopped,
            )

    def _follow(self, total: int, received: Callable[[], int]) -> int:
        """Runs the steps of a process that writes nothing; returns the number of the signal that ended the run.

        Args:
            total: Number of images to see.
            received: Returns the signal that arrived here, 0 for none.
        """
        stopped = 0
        while self.images_seen < total and not stopped:
            self._step()
            stopped = self.place.agree(received())
        return stopped

    def _lead(self, total: int, received: Callable[[], int]) -> int:
        """Runs the steps of the process that writes; returns the number of the signal that ended the run, 0 for none.

        Args:
            total: Number of images to see.
            received: Returns the signal that arrived here, 0 for none.
        """
        remove_leftovers(self.run / "checkpoints")
        self._announce(total)
        history = History(self.run, self.images_seen, open_tracker(self.record, self.run))
        alarms = TrainingAlarms(self.run, self.images_seen)
        begun = time.monotonic() - history.seconds
        stopped, rows = 0, list[dict[str, float]]()
        with ProgressBar("training", total, self.images_seen) as bar:
            self._tick(history, alarms, [])
            while self.images_seen < total and not stopped:
                terms = self._step()
                stopped = self.place.agree(received())
                history.add(self.images_seen, time.monotonic() - begun, terms, self._observe())
                due = stopped or self.images_seen % (self.config.tick_images or 1) == 0 or self.images_seen >= total
                if due or (self.images_seen // self.config.batch_size) % FLUSH_STEPS == 0:
                    rows += alarms.watch(history.flush, self.images_seen)
                if due:
                    self._tick(history, alarms, rows)
                    rows = []
                bar.advance(self.config.batch_size, summarise(terms))
        history.close()
        return stopped

    def _announce(self, total: int) -> None:
        config = self.config
        begun = f"resuming at {self.images_seen:,} of" if self.images_seen else "for"
        CONSOLE.print(
            f"training {self.record.method} on {len(self.indices):,} images of {self.store.name} "
            f"({self.store.size} x {self.store.size}), {begun} {total:,} images; {config.device}, {self.speed}, "
            f"batch {config.batch_size}, seed {config.seed}, {write_count(self.place.world, 'process', 'processes')}"
        )

    def _step(self) -> dict[str, Terms]:
        """Runs one step; its random numbers depend only on the seed, the process and the images seen."""
        config, place = self.config, self.place
        torch.manual_seed(make_torch_seed(config.seed, Stream.TRAINING_STEP, place.rank, self.images_seen))
        set_rates(self.method.phases, find_rate_factor(config, self.images_seen))
        batch = self.feed.read(self.images_seen)
        step = self.images_seen // config.batch_size
        terms = train_step(self.method, batch, step, self.autocast, config.accumulate)
        self.images_seen += config.batch_size
        for average in self.averages.values():
            average.update(config.batch_size, self.images_seen)
        if self.adaptation:
            self.adaptation.update(config.batch_size, self.images_seen)
        return terms

    def _observe(self) -> dict[str, torch.Tensor]:
        """Returns further columns of the history: the probability of augmentation, where it is adaptive."""
        return {AUGMENTATION: self.adaptation.augmentation.probability.clone()} if self.adaptation else {}

    def _tick(self, history: History, alarms: TrainingAlarms, rows: list[dict[str, float]]) -> None:
        """Saves a checkpoint and a sample grid, and runs the checks; nothing where the store was changed meanwhile.

        Args:
            history: The run's history.
            alarms: The run's alarms.
            rows: Rows of the history since the last tick.

        Raises:
            UserError: The store was changed.
        """
        for store in self.stores:
            store.refuse_change(whole=self.images_seen >= (self.config.images or 0))
        save_checkpoint(self.run, self.images_seen, self.state)
        averages = {name: average.average for name, average in self.averages.items()}
        fake, sheet = self.pictures.save(self.run, self.images_seen, averages, self.place.device)
        history.add_image("samples", sheet, self.images_seen)
        observations = Observations(
            rows=rows,
            networks=self.method.networks,
            phases=self.method.phases,
            real=self.pictures.real,
            fake=fake if rows else None,
            progress=self.images_seen / (self.config.images or 1),
            steps=self.images_seen // self.config.batch_size,
            balanced_labels=self.store.column("label")[self.indices] if self.config.balance else None,
            conditional=bool(self.method.classes),
        )
        for alarm in alarms.check(observations, self.images_seen):
            CONSOLE.print(f"alarm ({alarm.severity}) at {self.images_seen:,} images: {alarm.message}")


def summarise(terms: Mapping[str, Terms]) -> str:
    """Returns the observed terms, such as D(x) and D(G(z)), for the progress bar; values on a GPU are left out."""
    signs = {"d_real": "D(x)", "d_fake": "D(G(z))"}
    seen = {name: value for group in terms.values() for name, value in group.observations().items() if value.is_cpu}
    return " ".join(f"{signs.get(name, name.replace('_', ' '))} {value:.2f}" for name, value in seen.items())
