"""Every measurement in a feature space, of a folder of generated images beside a store's real ones, as a JSON file."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.classifiers.fitness import refuse_dependent, refuse_other_images
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.contracts import Measurement
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.errors import UserError, gather
from ganoscope.evaluate import available, load
from ganoscope.evaluate.comparison import Comparison, require
from ganoscope.evaluate.features import Extractor, make_random_extractor, use_classifier
from ganoscope.evaluate.generated_folder import GeneratedFolder
from ganoscope.evaluate.run_measurements import choose_real, holds
from ganoscope.evaluate.set_distance import extract_sets
from ganoscope.files import save_json
from ganoscope.progress import ProgressBar

SCHEMA_VERSION = 1
NAME = "generated.json"
"""File in the run's folder of measurements."""
SPACE = frozenset({"generated", "training", "extractor"})
"""What a measurement in a feature space needs."""
FEWEST_OF_CLASS = 20
"""Images of a class, generated and real, below which it is not measured."""


def measure_generated(
    path: Path, folder: GeneratedFolder, store: Store, classifier: TrainedClassifier | None, numbers: tuple[int, int]
) -> None:
    """Writes the measurements of generated images to a file, unless it holds them already.

    Args:
        path: File to write.
        folder: The generated images.
        store: Store that the generator was trained on.
        classifier: Classifier whose features are used beside those of the random network; None for none.
        numbers: Largest number of images per set; seed of the choice of real images and of all draws.

    Raises:
        UserError: The classifier does not fit the store, or has seen its held-out images.
    """
    number, seed = numbers
    extractors = [make_random_extractor()]
    if classifier:
        gather(lambda: refuse_other_images(classifier, store), lambda: refuse_dependent(classifier, store))
        extractors.append(use_classifier(classifier))
    origin = {
        "schema_version": SCHEMA_VERSION,
        "folder": folder.name,
        "sha256": folder.sha256,
        "store_fingerprint": store.fingerprint,
        "extractors": [one.weights_sha256 for one in extractors],
        "number": number,
        "seed": seed,
    }
    if holds(path, origin):
        return
    training, held_out = choose_real(store, number, seed)
    comparison = Comparison(folder.images, training, held_out, seed=seed)
    content = {
        **origin,
        "source": folder.source,
        "images": {"in_folder": folder.total, "generated": len(folder.images.images)}
        | {name: len(one.indices) if one else 0 for name, one in (("training", training), ("held_out", held_out))},
        "screening": folder.screening,
        "results": measure_spaces(comparison, extractors),
    }
    save_json(path, content)


def measure_spaces(comparison: Comparison, extractors: Sequence[Extractor]) -> list[dict[str, Any]]:
    """Returns the measurements in every feature space, of all images and by class.

    Args:
        comparison: Generated and real images.
        extractors: Feature extractors.
    """
    measurements = [one for one in map(load, available()) if one.NEEDS == SPACE]
    classes = list_classes(comparison)
    results = []
    total = (
        len(extractors)
        * len(measurements)
        * (1 + len(classes))
        * len(require(comparison.generated, "generated").images)
    )
    with ProgressBar("measuring generated images", total) as bar:
        for extractor in extractors:
            whole = replace(comparison, extractor=extractor)
            whole = replace(whole, features=extract_sets(whole))
            results.append(
                {
                    "extractor": extractor.name,
                    "weights_sha256": extractor.weights_sha256,
                    "features": require(whole.features, "generated")[0].values.shape[1],
                    "all": measure_all(whole, measurements, bar),
                    "classes": {name: measure_class(whole, name, measurements, bar) for name in classes},
                }
            )
    return results


def measure_all(
    comparison: Comparison, measurements: Sequence[Measurement[Comparison]], bar: ProgressBar
) -> dict[str, Any]:
    """Returns the result of every measurement by name, or why there is none, as `missing`.

    Args:
        comparison: Images with their features.
        measurements: What to measure.
        bar: Progress bar to advance by the images of each measurement.
    """
    found = {}
    for one in measurements:
        try:
            found[one.NAME] = asdict(one.measure(comparison))
        except UserError as error:
            return {"missing": str(error)}
        bar.advance(len(require(comparison.generated, "generated").images), one.NAME)
    return found


def measure_class(
    comparison: Comparison, name: str, measurements: Sequence[Measurement[Comparison]], bar: ProgressBar
) -> dict[str, Any]:
    """Returns the result of every measurement for the images of one class, or why there is none, as `missing`.

    Args:
        comparison: Images of all classes with their features.
        name: The class.
        measurements: What to measure.
        bar: Progress bar to advance.
    """
    generated, training, peer = require(comparison.features, "generated")
    labels = [label == name for label in list_labels(comparison)]
    own, real = (one.take(np.flatnonzero(mine)) for one, mine in zip((generated, training), labels, strict=False))
    other = peer.take(np.flatnonzero(labels[2])) if peer else None
    counts = {"generated": len(own.values), "training": len(real.values)}
    small = [f"{count} {what}" for what, count in counts.items() if count < FEWEST_OF_CLASS]
    if small:
        return {"missing": f"{' and '.join(small)} images; {FEWEST_OF_CLASS} or more are needed."}
    other = other if other and len(other.values) >= FEWEST_OF_CLASS else None
    return measure_all(replace(comparison, features=(own, real, other)), measurements, bar)


def list_classes(comparison: Comparison) -> list[str]:
    """Returns the classes that generated and training images share, sorted; none where there is only one."""
    generated = require(comparison.generated, "generated")
    if generated.labels is None:
        return []
    shared = sorted(set(generated.labels.tolist()) & set(list_labels(comparison)[1].tolist()))
    return shared if len(shared) > 1 else []


def list_labels(comparison: Comparison) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Returns the labels of the generated, the training and the held-out images, each of shape (N,), in their order."""

    def read(real: RealImages | None) -> NDArray[Any]:
        return real.store.column("label")[real.indices] if real else np.array([])

    labels = require(comparison.generated, "generated").labels
    return np.array([]) if labels is None else labels, read(comparison.training), read(comparison.held_out)
