"""Where the example images come from is told as the design has it."""

from pathlib import Path

from ganoscope.reports.study.sections.examples import describe_origin
from ganoscope.studies.config import StudyConfig

ARMS = ("baseline", "augmented")


def test_images_of_each_origin_are_called_what_they_are():
    own = describe_origin(StudyConfig(arms=ARMS))
    run = describe_origin(StudyConfig(arms=ARMS, generator_run=Path("run")))
    tool = describe_origin(StudyConfig(arms=("baseline", "external"), synthetic=Path("made")))
    assert "that the first split's generator learned from" in own
    assert "the one run that generated those of all splits" in run
    assert "images of another tool" in tool
    assert not any("generator learned" in told for told in (run, tool))
