"""Limits: what the numbers of a classifier do not show."""

from ganoscope.classifiers.trained import ClassifierRecord
from ganoscope.reports.classifier.artefacts import Findings
from ganoscope.reports.kit.content import Chapter, Section

LIMITS = (
    "One training run with one random seed. The intervals reflect which patients were in the split, not how another "
    "run would have turned out, and not how the classifier performs on images from another hospital or device.",
    "The best epoch and the temperature were chosen on the validation split, so its metrics are too good. Quote those "
    "of the test split.",
    "Where patients are unknown, volumes and near-duplicate clusters stand in for them; other images of one patient "
    "may still be in two splits, and every metric is then too good.",
    "Accuracy and weighted averages rise with the share of the larger class. Read balanced accuracy, sensitivity and "
    "specificity beside them.",
    "A high AUROC does not prove that the disease was recognised: markers, framing or the device may give the class "
    "away. The alarms about the data name such shortcuts.",
    "Grad-CAM shows which places raise the logit of the predicted class, at the resolution of one layer. It does not "
    "show why.",
)


def show(findings: Findings) -> Chapter:
    """Returns what the numbers do not show."""
    return Chapter("limits", "Limits", (Section(points=list_limits(findings.record)),))


def list_limits(record: ClassifierRecord) -> tuple[str, ...]:
    """Returns the limits of all classifiers, and those of one with pretrained weights."""
    if not record.trained_on:
        return LIMITS
    names = ", ".join(record.trained_on)
    return (
        *LIMITS,
        f"Training began with weights from {names}: the classifier is not independent of images from there.",
    )
