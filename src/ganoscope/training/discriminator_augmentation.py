"""Augments the inputs of a discriminator during training by a hook, so that methods need no code for it.

Penalties and losses of any method then see augmented images, real and generated ones alike, with gradients through the
augmentation. In evaluation mode the hook does nothing: explanations, scores and saved networks are without it.
"""

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ganoscope.contracts import Method, draw
from ganoscope.data.feeding.diff_augment import FACTORS, DiscriminatorPolicy, choose_policy, diff_augment
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.seeds import Stream, stream

FIXED_PROBABILITY = 0.5
"""Probability of each operation without adaptation."""
MAX_PROBABILITY = 0.8
"""Upper limit; above it, augmentations leak into generated images (Karras et al. 2020, sect. 2.2)."""
TARGET = 0.5
"""Target of the overfitting measure."""
RAMP_IMAGES = 30_000
"""Images over which the probability can rise from 0 to 1."""
EVERY_IMAGES = 1024
"""Images between two measurements."""
SAMPLES = 64
"""Images of each kind in one measurement."""


class DiscriminatorAugmentation(nn.Module):
    """The augmentation before a discriminator; made by `attach`.

    Its only state is the buffer `probability`. Random numbers come from torch's generator, which a session seeds at
    each step.
    """

    probability: Tensor

    def __init__(self, policy: DiscriminatorPolicy, probability: float) -> None:
        super().__init__()
        self.policy = policy
        self.register_buffer("probability", torch.tensor(probability))
        self.handles: list[torch.utils.hooks.RemovableHandle] = []

    def forward(self, images: Tensor) -> Tensor:
        """Returns augmented images (B, C, H, W), each in its own way."""
        numbers = torch.rand(len(images), FACTORS, device=images.device)
        return diff_augment(images, self.policy, self.probability, numbers)

    def hook(self, network: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Replaces the input images of a network in training mode."""
        return (self(inputs[0]), *inputs[1:]) if network.training else None

    def remove(self) -> None:
        """Detaches the augmentation from the network."""
        for handle in self.handles:
            handle.remove()
        self.handles.clear()


def attach(D: nn.Module, policy: DiscriminatorPolicy, probability: float) -> DiscriminatorAugmentation:
    """Attaches the augmentation to a discriminator, on its device, and returns it.

    Args:
        D: The discriminator.
        policy: Operations and their ranges.
        probability: Initial probability of each operation.
    """
    augmentation = DiscriminatorAugmentation(policy, probability).to(next(D.parameters()).device)
    augmentation.handles.append(D.register_forward_pre_hook(augmentation.hook))
    return augmentation


def make_discriminator_augmentation(
    method: Method, store: Store, mode: Literal["none", "fixed", "adaptive"]
) -> DiscriminatorAugmentation | None:
    """Returns the augmentation that suits a store, attached to the method's D; None for mode none.

    Args:
        method: A method that generates from noise, its networks on their device.
        store: Store that it is trained on.
        mode: fixed keeps the probability; adaptive starts at 0, and `Adaptation` adjusts it.

    Raises:
        UserError: Adaptation is requested for a store without a validation split.
    """
    if mode == "none":
        return None
    if mode == "adaptive" and not len(store.indices("validation")):
        raise UserError(
            "--diff-augment adaptive measures overfitting on the validation split: got 0 images there; allowed: 1 or "
            "more. Use --diff-augment fixed, or prepare a store with a validation split."
        )
    policy = choose_policy(store.modality, store.intensity.unit)
    return attach(method.networks["D"], policy, FIXED_PROBABILITY if mode == "fixed" else 0.0)


class Adaptation:
    """Adjusts an augmentation's probability so that the overfitting measure stays at its target.

    It depends only on the weights, the seed and the images seen: all processes get the same probability, and a run that
    resumes with the buffer from its checkpoint continues as if it had never stopped.

    Source: Karras et al. 2020, sect. 3.1, https://arxiv.org/abs/2006.06676
    Differs: the measure is r_v, not r_t: it does not change when a constant is added to all logits, so it suits
        relativistic losses as well. The probability is limited to 0.8, and rises faster: small sets are memorised
        within few images.
    """

    def __init__(self, method: Method, augmentation: DiscriminatorAugmentation, store: Store, seed: int) -> None:
        self.method, self.augmentation, self.store, self.seed = method, augmentation, store, seed
        self.parts = (store.indices("train"), store.indices("validation"))

    def update(self, batch_size: int, images_seen: int) -> None:
        """Measures overfitting and adjusts the probability, at every 1024th image seen; called after each step."""
        if images_seen // EVERY_IMAGES == (images_seen - batch_size) // EVERY_IMAGES:
            return
        device = self.augmentation.probability.device
        choice = stream(self.seed, Stream.ADAPTATION, images_seen)
        train, validation = (
            torch.from_numpy(self.store.load_images(np.sort(choice.permutation(part)[:SAMPLES]))).to(device)
            for part in self.parts
        )
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(int(choice.integers(2**32)))
            measured = measure_overfitting(self.method, self.augmentation, train, validation)
        step = max(EVERY_IMAGES, batch_size) / RAMP_IMAGES
        moved = self.augmentation.probability + (step if measured > TARGET else -step)
        self.augmentation.probability.copy_(moved.clamp(0.0, MAX_PROBABILITY))


@torch.no_grad()
def measure_overfitting(method: Method, augmentation: nn.Module, train: Tensor, validation: Tensor) -> float:
    r"""Returns how much D overfits to its training images: 0 not at all, 1 completely.

    .. math:: r_v = \frac{E[D_{train}] - E[D_{validation}]}{E[D_{train}] - E[D_{generated}]}

    Validation images pass D only forwards: they change no weight, only the probability of augmentation. Quality
    measured on them is therefore not fully independent; the test split is not used.

    Args:
        method: Method whose networks are evaluated in evaluation mode; their modes are restored.
        augmentation: Applied to all images first.
        train: Training images, shape (B, C, H, W), in [-1, 1], on the method's device.
        validation: Validation images, likewise.

    Returns:
        The measure; 0 where D does not score training images above generated ones.

    Source: Karras et al. 2020, eq. 1, https://arxiv.org/abs/2006.06676
    """
    G, D = method.networks["G"], method.networks["D"]
    z = torch.randn(len(train), method.latent_dim, device=train.device)
    label = torch.randint(method.classes, (len(train),), device=train.device) if method.classes else None
    modes = {module: module.training for network in (G, D) for module in network.modules()}
    G.eval()
    D.eval()
    kinds = (train, validation, draw(G, z, label))
    train_score, validation_score, fake_score = (D(augmentation(i)).logits.double().mean().item() for i in kinds)
    for module, training in modes.items():
        module.training = training
    margin = train_score - fake_score
    return (train_score - validation_score) / margin if margin > 0 else 0.0
