"""Training of a metric network on patients that belong to neither set under audit.

Source: contrastive training on patients: Packhaeuser et al. 2022, https://doi.org/10.1038/s41598-022-19045-3
"""

import hashlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.errors import UserError, describe
from ganoscope.evaluate.reidentification.alteration import LEARNED, alter
from ganoscope.evaluate.reidentification.same_patient import Floats, make_pairs
from ganoscope.nets.patient_metric import PatientMetric
from ganoscope.objectives.supervised_contrastive import supervised_contrastive
from ganoscope.progress import ProgressBar
from ganoscope.seeds import Stream, make_torch_seed, stream
from ganoscope.statistics.auroc import compute_auroc

FEWEST_PATIENTS = 100
"""Patients with two images or more that a network is trained on, at least."""
BATCH = 256
"""Images per pass where nothing is learned."""


@dataclass(frozen=True)
class MetricConfig:
    """Length and pace of the training; chosen on adult radiographs of 64 pixels, see benchmarks/audit_reidentification.

    Attributes:
        steps: Most training steps.
        patients: Patients per step.
        images: Images of each, also altered views of the same image where there are fewer.
        repeated: How much more often patients with several images are drawn than those with one.
        rate: Highest learning rate.
        decay: Weight decay.
        look_every: Steps between two looks at the validation patients.
        patience: Looks without a better result after which the training ends.
        validation: Share of the patients that stop the training, and are not learned from.
    """

    steps: int = 600
    patients: int = 32
    images: int = 3
    repeated: float = 3.0
    rate: float = 2e-3
    decay: float = 5e-4
    look_every: int = 100
    patience: int = 4
    validation: float = 0.2


@dataclass(frozen=True)
class Metric:
    """A trained metric network.

    Attributes:
        network: The network, in evaluation mode.
        weights_sha256: SHA-256 of its weights.
        steps: Training step that the weights are of.
        validation_auroc: AUROC of pairs of validation patients, the value that the step was chosen by.
        validation: Positions of the validation patients' images among those that were given, shape (n,).
    """

    network: PatientMetric
    weights_sha256: str
    steps: int
    validation_auroc: float
    validation: NDArray[np.int64]

    def embed(self, images: NDArray[np.float32]) -> Floats:
        """Returns the embeddings of images (N, 1, H, W) in network range, unit length, shape (N, D)."""
        return embed(self.network, images)


@torch.no_grad()
def embed(network: PatientMetric, images: NDArray[np.float32]) -> Floats:
    """Returns the embeddings of images (N, 1, H, W) in network range, unit length, shape (N, D)."""
    device = next(network.parameters()).device
    blocks = [
        network(torch.from_numpy(np.ascontiguousarray(images[start : start + BATCH])).to(device)).double()
        for start in range(0, len(images), BATCH)
    ]
    values = torch.cat(blocks).cpu().numpy()
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True))


def refuse_few(patients: NDArray[Any]) -> None:
    """Refuses images that no metric network can be trained on.

    Args:
        patients: Patient of each image, shape (N,).

    Raises:
        UserError: Too few patients have two images or more.
    """
    found = int((np.unique(patients, return_counts=True)[1] > 1).sum())
    if found < FEWEST_PATIENTS:
        given, allowed = f"{found:,} with two images or more", f"{FEWEST_PATIENTS} or more"
        remedy = "Give a store with several images of each patient as --reid-store."
        raise UserError(describe("too few patients to train a metric network on", given, allowed, remedy))


def train_metric(
    images: NDArray[np.float32], patients: NDArray[Any], seed: int, device: str, config: MetricConfig
) -> Metric:
    """Returns a metric network, of the step at which it told validation patients apart best.

    Args:
        images: Network range, shape (N, 1, H, W).
        patients: Patient of each, shape (N,); see `refuse_few`.
        seed: Seed of all draws.
        device: Device to train on.
        config: Length and pace.

    Raises:
        UserError: Nothing was learned.
    """
    member = np.unique(patients, return_inverse=True)[1]
    validation = choose_validation(member, config.validation, seed)
    learned, judged = np.flatnonzero(~validation[member]), np.flatnonzero(validation[member])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(make_torch_seed(seed, Stream.METRIC_WEIGHTS))
        network = PatientMetric().to(device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        best = Metric(network, "", 0, -1.0, judged)
        looks = 0
        with ProgressBar("learning to tell patients apart", config.steps, unit="steps") as bar:
            for step in run_steps(network, images[learned], member[learned], seed, config):
                bar.advance(1)
                if step % config.look_every and step < config.steps:
                    continue
                auroc = look(network, images[judged], member[judged], seed)
                looks = 0 if auroc > best.validation_auroc else looks + 1
                if not looks:
                    best = keep(network, step, auroc, judged)
                if looks == config.patience:
                    break
    if not best.steps:
        raise UserError("the metric network learned nothing: its output is not finite. Are the images finite?")
    return best


def choose_validation(member: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Returns which patients are kept for validation, shape (patients,): the same share of those with several images.

    Args:
        member: Number of each image's patient, shape (N,).
        share: Share of the patients.
        seed: Seed of the choice.
    """
    counts = np.bincount(member)
    order = stream(seed, Stream.METRIC_SPLIT).permutation(len(counts))
    chosen = np.zeros(len(counts), bool)
    for several in (True, False):
        among = order[(counts[order] > 1) == several]
        chosen[among[: round(share * len(among))]] = True
    return chosen


def run_steps(
    network: PatientMetric, images: NDArray[np.float32], member: NDArray[np.int64], seed: int, config: MetricConfig
) -> Iterator[int]:
    """Trains a network, and yields the number of each step done.

    Args:
        network: The network.
        images: Network range, shape (N, 1, H, W).
        member: Number of each image's patient, shape (N,).
        seed: Seed of all draws.
        config: Length and pace.
    """
    optimizer = torch.optim.AdamW(network.parameters(), config.rate, weight_decay=config.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.rate, config.steps, pct_start=0.1)
    own = [np.flatnonzero(member == name) for name in np.unique(member)]
    device = next(network.parameters()).device
    for step in range(1, config.steps + 1):
        random = stream(seed, Stream.METRIC_BATCHES, step)
        chosen, group = draw_batch(own, random, config)
        views = alter(images[chosen], LEARNED, random)
        network.train()
        embeddings: Tensor = network(views.to(device, memory_format=torch.channels_last))
        loss = supervised_contrastive(embeddings, torch.from_numpy(group).to(device)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        yield step


def draw_batch(
    own: list[NDArray[np.int64]], random: np.random.Generator, config: MetricConfig
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns (images, their patients) of one step, both of shape (patients x images,).

    Args:
        own: Images of each patient.
        random: Source of the draws.
        config: Number of patients and of images of each.
    """
    chances = np.array([config.repeated if len(each) > 1 else 1.0 for each in own])
    count = min(config.patients, len(own))
    group = random.choice(len(own), count, replace=False, p=chances / chances.sum())
    images = [random.choice(own[one], config.images, replace=len(own[one]) < config.images) for one in group]
    return np.concatenate(images), np.repeat(group, config.images)


def look(network: PatientMetric, images: NDArray[np.float32], member: NDArray[np.int64], seed: int) -> float:
    """Returns the AUROC of pairs of images, NaN where an output is not finite; leaves the network in evaluation mode.

    Args:
        network: The network.
        images: Network range, shape (N, 1, H, W).
        member: Number of each image's patient, shape (N,).
        seed: Seed of the choice of pairs.
    """
    pairs = make_pairs(embed(network.eval(), images), member, seed)
    if not np.isfinite(pairs.likeness).all():
        return float("nan")
    return float(compute_auroc(pairs.likeness, pairs.same, pairs.weights[None])[0])


def keep(network: PatientMetric, step: int, auroc: float, validation: NDArray[np.int64]) -> Metric:
    """Returns a copy of the network as it is now.

    Args:
        network: The network.
        step: Step that it is of.
        auroc: AUROC of pairs of validation patients.
        validation: Positions of their images, shape (n,).
    """
    kept = deepcopy(network).eval().requires_grad_(False)
    digest = hashlib.sha256()
    for name, weights in sorted(kept.state_dict().items()):
        digest.update(name.encode() + weights.cpu().contiguous().numpy().tobytes())
    return Metric(kept, digest.hexdigest(), step, auroc, validation)
