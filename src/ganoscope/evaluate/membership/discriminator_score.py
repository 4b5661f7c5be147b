"""The discriminator's score: it was trained to score the generator's training images high.

Source: Hayes et al. 2019, "LOGAN", sect. 4.1, https://arxiv.org/abs/1705.07663
"""

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.data.real_images import Images, split_blocks
from ganoscope.evaluate.attacks.suspects import Exposed, Suspects
from ganoscope.nets.evaluation_mode import evaluating, find_device
from ganoscope.training.run_folder.trained_run import TrainedRun

NAME = "discriminator_score"
THREAT = "the attacker has the run's folder, which holds the discriminator"
NEEDS = frozenset({"discriminator"})
COUNTS = True
THOROUGH = False
BATCH = 64


def score(suspects: Suspects, exposed: Exposed) -> NDArray[np.float64]:
    """Returns the discriminator's logit for each suspect, shape (N,).

    Args:
        suspects: Real images.
        exposed: Holds the run.
    """
    assert exposed.discriminator is not None
    return score_images(exposed.discriminator, suspects.images)


@torch.no_grad()
def score_images(run: TrainedRun, images: Images) -> NDArray[np.float64]:
    """Returns the logit of a run's discriminator for images (N, 1, H, W), averaged over patches where it has several.

    Args:
        run: Run whose networks hold `D`.
        images: Network range.
    """
    network = run.networks["D"]
    device = find_device(network)
    with evaluating(network):
        parts = (part for block in split_blocks(images) for part in torch.from_numpy(block).split(BATCH))
        logits = [network(part.to(device)).logits for part in parts]
    return np.concatenate([block.double().reshape(len(block), -1).mean(1).cpu().numpy() for block in logits])
