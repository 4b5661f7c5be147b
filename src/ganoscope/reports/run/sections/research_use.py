"""What the models and images may be used for."""

from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.reports.run.artefacts import Sources

TEXT = (
    "Not for clinical use. The models and images described here are made for research. They are not a medical device, "
    "and no decision about the diagnosis or treatment of a person may be based on them. Synthetic images must be "
    "marked as synthetic wherever they are passed on; being synthetic does not make them anonymous."
)


def make_chapter(_: Sources) -> Chapter:
    """Returns the chapter on research use."""
    return Chapter("use", "Research use", (Section((TEXT,)),))
