"""Alarms that only training can raise: domination, collapse, ranges that differ, networks without gradient."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganoscope.alarms import Alarm, load_alarms, save_alarms
from ganoscope.contracts import Phase
from ganoscope.errors import UserError

WON_REAL, WON_FAKE, WON_SHARE = 0.99, 0.01, 0.9
"""D wins completely where D(x) is above and D(G(z)) below these, for at least this share of the steps of one tick."""
MIN_DIVERSITY = 0.5
"""Mean distance between two generated images, relative to that between two real ones."""
MIN_RANGE = 0.5
"""Width of the generated images' intensity range, relative to the real ones'."""
GRACE_SHARE = 0.1
"""A generator may be poor for this first share of its training."""
SETTLED_STEPS = 3
"""Steps after which every part of a network should get a gradient."""
MAX_PREVALENCE_CHANGE = 0.01
"""Change of a class's share among the training images that is not worth an alarm."""


class TrainingAlarms:
    """The alarms of a run: each is kept with the first and the last number of images at which it held."""

    def __init__(self, run: Path, images_seen: int) -> None:
        self.path = run / "alarms.json"
        earlier = (alarm for alarm in load_alarms(self.path) if first_images(alarm) <= images_seen)
        self.raised = {alarm.code: alarm for alarm in earlier}

    def update(self, found: Sequence[Alarm], images_seen: int) -> list[Alarm]:
        """Notes the alarms that hold now, saves all, and returns those that are new."""
        new = [alarm for alarm in found if alarm.code not in self.raised]
        for alarm in found:
            first = first_images(self.raised[alarm.code]) if alarm.code in self.raised else images_seen
            span = {"first_images": first, "last_images": images_seen}
            self.raised[alarm.code] = Alarm(alarm.code, alarm.severity, alarm.message, {**alarm.evidence, **span})
        save_alarms(self.path, list(self.raised.values()))
        return new

    def watch(self, flush: Callable[[], list[dict[str, float]]], images_seen: int) -> list[dict[str, float]]:
        """Returns what `History.flush` returns; a loss that is not finite is an alarm as well as an error."""
        try:
            return flush()
        except UserError as error:
            self.update([Alarm("non_finite_loss", "danger", str(error))], images_seen)
            raise


def first_images(alarm: Alarm) -> int:
    """Returns the number of images at which an alarm first held; 0 where it does not say."""
    return int(str(alarm.evidence.get("first_images", 0)))


def check_domination(rows: Sequence[Mapping[str, float]]) -> list[Alarm]:
    """Alarms when D told real from generated without effort for nearly all of some steps."""
    verdicts = [
        (row["discriminator.d_real"], row["discriminator.d_fake"]) for row in rows if "discriminator.d_real" in row
    ]
    won = [real > WON_REAL and fake < WON_FAKE for real, fake in verdicts]
    if not won or np.mean(won) < WON_SHARE:
        return []
    return [
        Alarm(
            "discriminator_won",
            "warning",
            f"the discriminator wins completely: D(x) above {WON_REAL} and D(G(z)) below {WON_FAKE} in "
            f"{np.mean(won):.0%} of the latest steps. The generator learns little now; try --label-smoothing 0.9, a "
            "lower learning rate, or more images.",
            {"share": round(float(np.mean(won)), 3)},
        )
    ]


def check_gradients(
    networks: Mapping[str, nn.Module], phases: Sequence[Phase], rows: Sequence[Mapping[str, float]]
) -> list[Alarm]:
    """Alarms for networks in which a part received no gradient, or only zeros, in the latest step of their phase.

    The gradient of a single number may be 0 by chance: that of the last bias of a least-squares D is, where real and
    generated scores add up to 1, which bfloat16 hits now and then.

    Args:
        networks: By name.
        phases: Of the method.
        rows: The history since the last look: a phase that took fewer than `SETTLED_STEPS` steps in it is not judged,
            as a layer that begins at zero hides the ones before it from the first step.
    """
    steps = Counter(phase for row in rows for phase in {name.partition(".")[0] for name in row})
    silent = [
        f"{name}.{parameter_name}"
        for phase in phases
        if steps[phase.name] >= SETTLED_STEPS
        for name in phase.learns
        for parameter_name, parameter in networks[name].named_parameters()
        if parameter.grad is None or (parameter.numel() > 1 and not bool(parameter.grad.any()))
    ]
    if not silent:
        return []
    return [
        Alarm(
            "no_gradient",
            "danger",
            f"{len(silent)} parameters received no gradient, such as {silent[0]}: that part of the network does not "
            "learn.",
            {"parameters": silent[:20]},
        )
    ]


def check_samples(real: NDArray[np.float32], fake: NDArray[np.float32], progress: float) -> list[Alarm]:
    """Alarms when real and generated images differ in range, or generated ones hardly differ among each other.

    Args:
        real: Training images, network range, shape (N, H, W).
        fake: Generated images, network range, shape (M, H, W).
        progress: Share of the training done; there is a grace at the beginning.
    """
    alarms = [] if real.min() >= -1.001 and real.max() <= 1.001 else [range_alarm(real, real)]
    if progress < GRACE_SHARE:
        return alarms
    if np.ptp(np.percentile(fake, (1, 99))) < MIN_RANGE * np.ptp(np.percentile(real, (1, 99))):
        alarms.append(range_alarm(real, fake))
    ratio = mean_distance(fake) / mean_distance(real)
    if ratio < MIN_DIVERSITY:
        alarms.append(
            Alarm(
                "collapsed_diversity",
                "warning",
                f"generated images differ among each other only {ratio:.0%} as much as real ones do: the generator "
                "may have collapsed to a few pictures. Look at the sample grid; start again with another --seed.",
                {"distance_ratio": round(ratio, 4)},
            )
        )
    return alarms


def check_prevalence(labels: NDArray[np.str_], conditional: bool) -> list[Alarm]:
    """Alarms when drawing all classes equally often changes their shares.

    Args:
        labels: Of the training images, shape (N,).
        conditional: Whether the generator is told the class: it is then asked for the data's shares again.
    """
    names, counts = np.unique(labels, return_counts=True)
    changes = 1 / len(names) - counts / len(labels)
    if np.abs(changes).max() <= MAX_PREVALENCE_CHANGE:
        return []
    shares = [f"{name}: {count / len(labels):.1%}" for name, count in zip(names, counts, strict=True)]
    repeats = float(counts.max() / counts.min())
    moved = "" if conditional else "generated images do not have the prevalence of the data. "
    return [
        Alarm(
            "prevalence_changed",
            "note" if conditional else "warning",
            f"classes are drawn equally often, {1 / len(names):.1%} each, but they are not equally frequent in the "
            f"training images ({', '.join(shares[:10])}): {moved}An image of "
            f"{names[counts.argmin()]} is shown {repeats:.3g} times as often as one of {names[counts.argmax()]}, so "
            "look for copies of it among the generated ones.",
            {"shares": shares[:100], "drawn_share": round(1 / len(names), 4), "repeats": round(repeats, 3)},
        )
    ]


def range_alarm(real: NDArray[np.float32], fake: NDArray[np.float32]) -> Alarm:
    """Returns the alarm that two sets of images do not share their intensity range."""
    values = {
        f"{name}_p{percent}": round(float(np.percentile(images, percent)), 3)
        for name, images in (("real", real), ("fake", fake))
        for percent in (1, 99)
    }
    return Alarm(
        "ranges_differ",
        "danger",
        "real and generated images do not share their intensity range (1st to 99th percentile, network range -1 to 1): "
        f"real {values['real_p1']} to {values['real_p99']}, generated {values['fake_p1']} to {values['fake_p99']}.",
        {**values},
    )


def mean_distance(images: NDArray[np.float32]) -> float:
    """Returns the mean Euclidean distance over all pairs of images of shape (N, H, W), N at least 2."""
    distances = torch.pdist(torch.from_numpy(np.ascontiguousarray(images.reshape(len(images), -1))))
    return float(distances.mean())
