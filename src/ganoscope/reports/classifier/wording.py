"""Sentences and tables of the page about a classifier."""

from collections.abc import Mapping, Sequence

import numpy as np

from ganoscope.classifiers.trained import ClassifierRecord, describe_range
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.metrics import CLASS_METRICS, METRICS, PartScores, from_json
from ganoscope.explanation.answers import HeatMaps
from ganoscope.reports.classifier.charts import write_metric
from ganoscope.reports.kit.content import Table, write_interval, write_number
from ganoscope.statistics.bootstrap import RESAMPLES
from ganoscope.training.classifier.epochs import Epoch, find_best

LIMITS = (
    "One training run with one seed. The intervals say how much the result depends on which patients were in the part, "
    "not how another run would have turned out, and nothing about images from another hospital or device.",
    "The validation part chose the best epoch and the temperature: its metrics are too good. Quote those of the "
    "test part.",
    "Where patients are unknown, volumes and near-duplicate clusters stand in for them; other images of one patient "
    "may still be in two parts, and every metric is then too good.",
    "Accuracy and weighted averages rise with the share of the larger class. Read balanced accuracy, sensitivity and "
    "specificity beside them.",
    "A high AUROC does not say that the disease was recognised: markers, framing or the device may tell the class. The "
    "alarms about the data name such shortcuts.",
    "Grad-CAM shows which places raise the logit of the predicted class, at the resolution of one layer. It does not "
    "show why.",
)


def describe_abstract(record: ClassifierRecord, scores: Mapping[str, PartScores], shown: str) -> str:
    """Returns what the classifier is and what it is worth, in three sentences."""
    part = scores[shown]
    images = sum(part.counts.values())
    return (
        f"{record.network} for {len(record.classes)} classes ({', '.join(record.classes)}), trained on "
        f"{len(record.sample_ids):,} images of {record.size} × {record.size} px. On {images:,} images of "
        f"{part.groups:,} independent groups in the {shown} part: AUROC {write_metric(part.metrics['auroc'])}, "
        f"balanced accuracy {write_metric(part.metrics['balanced_accuracy'])}."
    )


def describe_result(record: ClassifierRecord) -> str:
    """Returns what the classifier is worth on the test part, in one line."""
    if not record.metrics:
        return "nothing was measured on the test part"
    shown = ("auroc", "auprc", "balanced_accuracy", "ece")
    metrics = {name: from_json(record.metrics["metrics"][name]) for name in shown}
    worth = ", ".join(f"{METRICS[name]} {write_metric(metric)}" for name, metric in metrics.items())
    return f"test part, {metrics['auroc'].images:,} images of {metrics['auroc'].groups:,} groups: {worth}"


def describe_metrics(record: ClassifierRecord, scores: Mapping[str, PartScores]) -> tuple[str, ...]:
    """Returns how to read the metrics, and why some are not defined."""
    two = len(record.classes) == 2
    which = (
        f"AUPRC, sensitivity and specificity are those of {record.classes[1]}, the second class in alphabetical order; "
        "those of the other are in the table of the classes."
        if two
        else "AUROC, AUPRC, sensitivity and specificity are means over the classes, each against the rest."
    )
    return (
        f"In brackets: 95 % intervals from {RESAMPLES:,} resamples of whole groups (a patient, a cluster of "
        f"near-duplicates, or both joined). {which} An image counts for its most probable class. Brier score and "
        "calibration errors are better when lower.",
        *(
            f"On the {split} part, {METRICS[name]} is {metric.note}."
            for split, part in scores.items()
            for name, metric in part.metrics.items()
            if metric.note
        ),
    )


def list_metrics(scores: Mapping[str, PartScores]) -> Table:
    """Returns the metrics of every part."""
    header = ("Metric", *(describe_part(split, part) for split, part in scores.items()))
    rows = [
        (title[:1].upper() + title[1:], *(write_metric(part.metrics[name]) for part in scores.values()))
        for name, title in METRICS.items()
    ]
    return Table("Metrics by part", header, tuple(rows))


def list_class_metrics(part: PartScores) -> Table:
    """Returns the metrics of each class against the rest."""
    rows = [
        (label, *(write_metric(metrics[name]) for name in CLASS_METRICS)) for label, metrics in part.by_class.items()
    ]
    names = tuple(title[:1].upper() + title[1:] for title in CLASS_METRICS.values())
    return Table("Each class against the rest", ("Class", *names), tuple(rows))


def describe_part(split: str, part: PartScores) -> str:
    """Returns a part's name with its numbers."""
    return f"{split}: {sum(part.counts.values()):,} images, {part.groups:,} groups"


def describe_curves(record: ClassifierRecord, shown: str, drawn: Sequence[str]) -> str:
    """Returns how to read the curves."""
    cut = f" The {len(drawn)} classes with the most images." if 2 < len(drawn) < len(record.classes) else ""
    against = "" if len(record.classes) == 2 else " Each class against the rest."
    return (
        f"On the {shown} part.{against}{cut} The ring is where the decision for the most probable class lies. Dotted "
        "lines: chance, which for precision is the prevalence."
    )


def describe_calibration(record: ClassifierRecord, shown: str) -> tuple[str, ...]:
    """Returns what was done about calibration, and how to read the diagrams."""
    weighted = record.config.get("class_weights") == "balanced"
    shift = (
        " Classes have equal weight in the loss, so probabilities suit a population in which all are equally frequent; "
        "one temperature can't change that."
        if weighted
        else ""
    )
    return (
        f"Temperature {record.temperature:.3f}, fitted on the validation part (Guo et al. 2017), divides the logits. "
        f"It changes no predicted class.{shift}",
        f"On the {shown} part: bars and points show how often predictions of a confidence were right; on the dotted "
        "line confidence and accuracy agree. Numbers of images stand below; points of few images say little.",
    )


def describe_heat_maps(heat: HeatMaps, shown: str) -> tuple[str, ...]:
    """Returns what the maps are, and what their checks gave."""
    empty = (
        f"{heat.empty} of {len(heat.rows)} maps are empty and left uncoloured." if heat.empty else "No map is empty."
    )
    sentences = [
        f"Grad-CAM of layer `{heat.layer}` for the logit of the class that was predicted, on images of the {shown} "
        "part chosen by chance, at most one of each group and kind. All colours mean the same raw values; no map is "
        f"stretched. {empty}"
    ]
    check = heat.randomisation
    if check is None:
        sentences.append("The randomisation check was not possible: fewer than two maps are not empty.")
    else:
        sentences.append(
            f"Randomisation check on {check.correlation.shape[2]} images: after all weights are destroyed the maps' "
            f"rank correlation with the originals is {check.final:.2f} on average (absolute; unrelated maps of this "
            f"smoothness: {check.chance:.2f}). Near 1 would mean that they do not depend on what was learned."
        )
    if heat.inside and heat.area:
        inside, area = (write_interval(one.value, one.low, one.high) for one in (heat.inside, heat.area))
        sentences.append(
            f"Share of a map's sum inside the annotated finding: {inside}, against {area} for a map without preference "
            f"(n = {heat.inside.n} rightly classified images with a mask, {heat.inside.groups} groups)."
        )
    return tuple(sentences)


def describe_training(record: ClassifierRecord, epochs: Sequence[Epoch]) -> str:
    """Returns how training went."""
    best = epochs[find_best(epochs)]
    early = len(epochs) < int(record.config["epochs"])
    end = f"{record.config['patience']} epochs without gain" if early else "the epochs asked for"
    return (
        f"{len(epochs)} epochs, ended by {end}. Validated is a moving average of the weights. Kept is that of epoch "
        f"{best.epoch}: the highest AUROC of the validation part ({best.validation_auroc:.3f}), at equal AUROC the "
        f"lowest loss ({best.validation_loss:.3f})."
    )


def describe_data(record: ClassifierRecord) -> tuple[str, ...]:
    """Returns what the classifier learned from."""
    seen = f" Pretrained weights have seen: {', '.join(record.trained_on)}." if record.trained_on else ""
    return (
        f"{record.store_name}, {record.modality or 'modality unknown'}, {describe_range(record.intensity)} as the "
        f"network's range of -1 to 1. The classifier may not judge images that it was trained on.{seen}",
    )


def list_data(store: Store, scores: Mapping[str, PartScores]) -> Table:
    """Returns images and groups by class and part."""
    labels, splits, groups = (store.column(name) for name in ("label", "split", "group"))
    names = next(iter(scores.values())).counts
    parts = ("train", "validation", "test")
    rows = [(name, *(f"{int(((labels == name) & (splits == split)).sum()):,}" for split in parts)) for name in names]
    rows.append(("Independent groups", *(f"{len(np.unique(groups[splits == split])):,}" for split in parts)))
    return Table("Images by class and part", ("Class", "Train", "Validation", "Test"), tuple(rows))


def list_settings(record: ClassifierRecord) -> Table:
    """Returns how the classifier was trained, and what names it."""
    rows = [(name.replace("_", " "), write_number(value)) for name, value in record.config.items()]
    rows += [
        ("started", record.started),
        ("store fingerprint", record.store_fingerprint),
        ("weights SHA-256", record.weights_sha256),
        ("git commit", record.git_commit or "none: installed from a package"),
        *record.versions.items(),
    ]
    return Table("Settings and provenance", ("Name", "Value"), tuple(rows), words=True)


def list_limits(record: ClassifierRecord) -> tuple[str, ...]:
    """Returns what the numbers do not say."""
    pretrained = (
        (f"The weights began with training on {', '.join(record.trained_on)}: no judge of images from there.",)
        if record.trained_on
        else ()
    )
    return (*LIMITS, *pretrained)
