"""Recognises images that the run or the independent classifier has seen in training."""

from collections.abc import Callable, Iterable, Set

from ganoscope.classifiers.trained import ID_LENGTH, TrainedClassifier
from ganoscope.data.prepare.transfer import Row
from ganoscope.data.store import Sample, Store
from ganoscope.explanation.subjects import stem


def make_finder(ids: Iterable[str], store: Store, fingerprints: Set[str]) -> Callable[[Sample], bool]:
    """Returns a function that tells whether an image of a store is among those that a network was trained on.

    In another store only ids that begin with the source file's hash count: phantoms are numbered in each store anew.

    Args:
        ids: Sample ids of the images that the network was trained on.
        store: Store of the images in question.
        fingerprints: Fingerprints of the stores that the network was trained on.
    """
    stems, own = set(map(stem, ids)), store.fingerprint in fingerprints

    def is_known(sample: Sample) -> bool:
        told = own or sample.sample_id[:ID_LENGTH] == sample.source_sha256[:ID_LENGTH]
        return told and stem(sample.sample_id) in stems

    return is_known


def list_seen(classifier: TrainedClassifier | None) -> list[str]:
    """Returns ids of the images that a classifier was trained or selected on; empty without a classifier."""
    return [*classifier.record.sample_ids, *classifier.record.validation_ids] if classifier else []


def name_content(row: Row) -> str:
    """Returns the beginning of a picture's sample id in every store: it identifies the file's content and the frame."""
    frame = row.values["frame"]
    return row.values["source_sha256"][:ID_LENGTH] + (f"-f{frame}" if frame else "")
