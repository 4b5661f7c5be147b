"""Networks, trained as by `ganoscope classify`; of all epochs, validation chooses the best."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.classifier_run import train_and_evaluate
from ganoscope.studies.families import Fitted, Fitting
from ganoscope.training.classifier.epochs import find_best, load_epochs
from ganoscope.training.classifier.session import compute_logits
from ganoscope.training.processes import choose_device


def fit(store: Store, folder: Path, fitting: Fitting) -> Fitted:
    """Trains a network into a folder; resumes where an earlier call stopped.

    Args:
        store: Store to learn from; its test split is empty.
        folder: Folder of the run.
        fitting: How it is trained.
    """
    train_and_evaluate(store, folder, fitting.config, fitting.mix)
    epochs = load_epochs(folder)
    return Fitted(epochs[find_best(epochs)].validation_auroc)


def predict(
    folder: Path, store: Store, positions: NDArray[np.int64]
) -> tuple[NDArray[np.float32], float, tuple[str, ...]]:
    """Returns (logits of shape (N, K), temperature, names of the classes) for images of a store.

    Args:
        folder: Folder of the run.
        store: Store of the images.
        positions: Their positions in it, shape (N,).
    """
    device = choose_device("auto")
    classifier = open_classifier(folder, device)
    network = classifier.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    logits = compute_logits(network, store, positions, torch.device(device), nullcontext)
    return logits.numpy(), classifier.record.temperature, classifier.record.classes
