"""Are the real images of the data that the run was trained on?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.findings import Examination


def find_external_store(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm when the real images are of another store than the run's own."""
    source = examination.source
    if not source.own:
        yield Alarm(
            "real_images_of_another_store",
            "warning",
            f"{source.description}. They may differ from generated images because of the data set, such as its "
            f"scanner or its hospital: interpret every number as a result on an external set.",
            {"store": source.store, "run_store": source.run_store},
        )


CHECK = Check(
    ("real_images_of_another_store",),
    "real images of another store than the run's own",
    find_external_store,
    rank=10,
)
