"""Logistic regression on features of a fixed random network: a classifier that is not trained by gradient steps.

It learns from every training image once, so a schedule of epochs means nothing to it: arms with one leave it out.

Source: random convolutional features: Saxe et al. 2011, https://icml.cc/2011/papers/551_icmlpaper.pdf; pooled to a grid
    as Coates, Ng, Lee 2011, https://proceedings.mlr.press/v15/coates11a.html
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from ganoscope.data.arrays import load_arrays, save_arrays
from ganoscope.data.feeding.augment import Policy, augment, draw_factors, policy_of
from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes, encode_labels
from ganoscope.evaluate.classification.calibration import choose_temperature
from ganoscope.evaluate.features import RandomNetwork
from ganoscope.statistics.auroc import compute_sklearn_auroc
from ganoscope.studies.families import Fitted, Fitting
from ganoscope.training.classifier.config import find_scored

GRID = 4
"""Side of the grid that every level is averaged over."""
STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Inverse strengths of the L2 penalty; validation chooses one."""
AUGMENTED_COPIES = 4
"""Augmented copies of each training image, where images are augmented; the originals stay."""
BATCH = 256
FILE = "random_features.npz"
Floats = NDArray[np.float64]


def fit(store: Store, folder: Path, fitting: Fitting) -> Fitted:
    """Fits the regression, and writes it into a folder.

    Args:
        store: Store to learn from.
        folder: Folder to write to.
        fitting: Seed and augmentation; steps and learning rate have no meaning here.
    """
    config, classes = fitting.config, tuple(count_classes(store))
    train = store.indices("train")
    features = compute_training_features(store, train, config.augment == "safe", config.seed)
    codes = np.tile(encode_labels(store.column("label")[train], classes), len(features) // len(train))
    middle, scale = features.mean(0), features.std(0) + 1e-6
    positions, truth = find_scored(store, "validation", classes)
    held_out = (compute_features(store, positions, config.seed) - middle) / scale
    best: dict[str, Any] = {}
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, class_weight="balanced", max_iter=300)
        model.fit((features - middle) / scale, codes)
        weights, bias = spread_binary(model.coef_, model.intercept_)
        logits = held_out @ weights + bias
        auroc = compute_sklearn_auroc(truth, torch.softmax(torch.from_numpy(logits), 1).numpy())
        if not best or auroc > best["auroc"]:
            best = {"auroc": auroc, "weights": weights, "bias": bias, "logits": logits}
    temperature = choose_temperature(best["logits"].astype(np.float32), truth, store.column("group")[positions]).value
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {
        "weights": best["weights"],
        "bias": best["bias"],
        "middle": middle,
        "scale": scale,
    }
    arrays |= {"temperature": np.array(temperature), "seed": np.array(config.seed)}
    save_arrays(folder / FILE, {**arrays, "classes": np.array(classes, np.str_)})
    return Fitted(float(best["auroc"]))


def predict(
    folder: Path, store: Store, positions: NDArray[np.int64]
) -> tuple[NDArray[np.float32], float, tuple[str, ...]]:
    """Returns (logits of shape (N, K), temperature, names of the classes) for images of a store.

    Args:
        folder: Folder that `fit` wrote to.
        store: Store of the images.
        positions: Their positions in it, shape (N,).
    """
    found = load_arrays(folder / FILE, "Delete the task's folder, and run the study again.")
    features = compute_features(store, positions, int(found["seed"]))
    logits = ((features - found["middle"]) / found["scale"]) @ found["weights"] + found["bias"]
    return logits.astype(np.float32), float(found["temperature"]), tuple(found["classes"].tolist())


def spread_binary(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """Returns (weights of shape (D, K), biases of shape (K,)); scikit-learn has one row for two classes."""
    if len(weights) == 1:
        return np.concatenate([-weights, weights]).T / 2, np.concatenate([-bias, bias]) / 2
    return weights.T, bias


def compute_training_features(store: Store, positions: NDArray[np.int64], augmented: bool, seed: int) -> Floats:
    """Returns the features of images, followed by those of their augmented copies, shape (N or N (1 + copies), D).

    Args:
        store: Store of the images.
        positions: Their positions in it, shape (N,).
        augmented: Whether to add augmented copies.
        seed: Random seed of filters and augmentation.
    """
    blocks = [compute_features(store, positions, seed)]
    policy = policy_of(store.modality)
    for number in range(AUGMENTED_COPIES if augmented else 0):
        factors = torch.from_numpy(draw_factors(seed, number * len(positions), len(positions)))
        blocks.append(compute_features(store, positions, seed, partial(move, policy, factors)))
    return np.concatenate(blocks)


def move(policy: Policy, factors: Tensor, image: Tensor, first: int) -> Tensor:
    """Returns an augmented batch.

    Args:
        policy: Limits of the augmentation.
        factors: Random numbers of all images, shape (N, FACTORS).
        image: Batch of shape (B, 1, H, W).
        first: Number of its first image.
    """
    return augment(image, policy, factors[first : first + len(image)])


@torch.no_grad()
def compute_features(
    store: Store,
    positions: NDArray[np.int64],
    seed: int,
    change: Callable[[Tensor, int], Tensor] = lambda image, first: image,
) -> Floats:
    """Returns the features of images, shape (N, D).

    Args:
        store: Store of the images.
        positions: Their positions in it, shape (N,).
        seed: Random seed of the filters.
        change: Augmentation of a batch, given the number of its first image.
    """
    network, blocks = RandomNetwork(seed), []
    for start in range(0, len(positions), BATCH):
        image = change(torch.from_numpy(store.load_images(positions[start : start + BATCH])), start)
        levels = []
        for filters in network.filters:
            image = torch.relu(torch.nn.functional.conv2d(image, filters, stride=2, padding=1))
            levels.append(torch.nn.functional.adaptive_avg_pool2d(image, GRID).flatten(1))
        blocks.append(torch.cat(levels, 1).double().numpy())
    return np.concatenate(blocks)
