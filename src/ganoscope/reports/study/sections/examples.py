"""Synthetic images of the first split, class by class, beside real ones."""

from PIL import Image

from ganoscope.figures.sheets import make_sheet
from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.reports.kit.pictures import show_pixels
from ganoscope.reports.study.artefacts import Findings
from ganoscope.studies.config import StudyConfig

LEAST_PX = 96
"""Smallest side of a picture on the sheet; smaller ones are enlarged by a whole factor."""
WIDTH_PX = 900


def show(findings: Findings) -> Chapter | None:
    """Returns a sheet for each class; None where there are no synthetic images."""
    if not findings.examples:
        return None
    pictures = []
    for name in dict.fromkeys(key.partition("/")[2] for key in findings.examples):
        real, synthetic = findings.examples[f"real/{name}"], findings.examples[f"synthetic/{name}"]
        for kind, images in (("real", real), ("synthetic", synthetic)):
            if len(images):
                factor = max(1, -(-LEAST_PX // images.shape[-1]))
                sheet = Image.fromarray(make_sheet(images.repeat(factor, 1).repeat(factor, 2), len(real)))
                title = f"{name}, {kind}: {len(images)} images of the first split"
                pictures.append(show_pixels(sheet, title, title, WIDTH_PX))
    text = f"Drawn at random, none chosen: {describe_origin(findings.design.config)}."
    return Chapter("examples", "Synthetic and real images", (Section((text,), figures=tuple(pictures)),))


def describe_origin(config: StudyConfig) -> str:
    """Returns where the real and the synthetic images come from, in words."""
    if not config.generates:
        return "real images of the first split's training patients, and images of another tool (--synthetic)"
    if config.generator_run:
        return (
            "real images of the first split's training patients, and images of the one run that generated those of all "
            "splits; it has seen held-out patients"
        )
    return "real images that the first split's generator learned from, and images that it generated for the arms"
