"""The classifiers of a counterfactual: the one to explain, and an independent one."""

from pathlib import Path

from ganoscope.classifiers.fitness import warn_of_dangers
from ganoscope.classifiers.trained import TrainedClassifier, describe_range, open_classifier
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.translation.translator import Translator
from ganoscope.data.store import Store
from ganoscope.errors import describe, refuse
from ganoscope.explanation.subjects import refuse_modality
from ganoscope.training.run_folder.record import refuse_retrained


def open_explained(translator: Translator, config: CounterfactualConfig, device: str) -> TrainedClassifier | None:
    """Returns the classifier to explain: the requested one, or the run's own; None without either.

    Args:
        translator: The run.
        config: Which classifier to explain.
        device: Where to compute.

    Raises:
        UserError: There is no classifier at its place, or it does not fit the run.
    """
    record = translator.run.record
    own = record.method_config.get("classifier")
    path = config.classifier or (Path(own) if own else None)
    if path is None:
        return None
    classifier = open_classifier(path, device)
    warn_of_dangers(path)
    faults = list_misfits(translator, classifier)
    if not record.target_fingerprint and classifier.record.store_fingerprint != record.store_fingerprint:
        fault = f"classifier {path} and run {translator.run.path} were trained on different stores"
        given = f"{classifier.record.store_name} ({classifier.record.store_fingerprint[:12]})"
        allowed = f"{record.store_name} ({record.store_fingerprint[:12]})"
        faults.append(
            describe(
                fault, given, allowed, "Train a classifier on the run's store; this one can still be used as --judge."
            )
        )
    refuse(faults)
    if own and path.resolve() == Path(own):
        refuse_retrained(record, "classifier", classifier)
    return classifier


def open_independent_classifier(
    translator: Translator, config: CounterfactualConfig, device: str
) -> TrainedClassifier | None:
    """Returns the independent classifier; None if none was requested.

    Args:
        translator: The run.
        config: Which classifier is the independent one.
        device: Where to compute.

    Raises:
        UserError: There is no classifier at its place, or it does not fit the run.
    """
    if config.judge is None:
        return None
    judge = open_classifier(config.judge, device)
    warn_of_dangers(config.judge)
    refuse(list_misfits(translator, judge))
    return judge


def refuse_dependent(explained: TrainedClassifier | None, judge: TrainedClassifier | None, store: Store | None) -> None:
    """Refuses an independent classifier that is the explained one, or of another modality than the run.

    Args:
        explained: The classifier to explain; None without one.
        judge: The independent classifier; None without one.
        store: The store that the run was trained on; None where it is gone.

    Raises:
        UserError: It is the same classifier, or of another modality.
    """
    if judge is None:
        return
    if explained and explained.record.weights_sha256 == judge.record.weights_sha256:
        remedy = "Train another one: `ganoscope classify STORE RUN --seed 1`, or with another --network."
        fault = "--judge is the explained classifier itself"
        refuse([describe(fault, judge.path, "a classifier that was trained independently", remedy)])
    refuse_modality(f"independent classifier {judge.path}", judge.record.modality, store)


def list_misfits(translator: Translator, classifier: TrainedClassifier) -> list[str]:
    """Returns the faults of a classifier whose images or classes differ from the run's."""
    run, learned = translator.run, classifier.record
    pairs = (
        ("images of another size (px)", learned.size, run.record.size),
        ("another intensity range", describe_range(learned.intensity), describe_range(run.record.intensity)),
    )
    remedy = "Train both on one store."
    faults = [
        describe(f"classifier {classifier.path} was trained on {name} than run {run.path}", given, str(allowed), remedy)
        for name, given, allowed in pairs
        if given != allowed
    ]
    missing = [name for name in translator.domains if name not in learned.classes]
    if missing:
        fault = f"classifier {classifier.path} does not know domain {' and '.join(missing)} of run {run.path}"
        faults.append(describe(fault, ", ".join(learned.classes), ", ".join(translator.domains), remedy))
    return faults
