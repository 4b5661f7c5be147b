"""Every other measurement of the run: all estimates in RUN/evaluation/*.json."""

from pathlib import Path

from ganoscope.evaluate.generated_measurements import NAME as GENERATED
from ganoscope.files.records import load_mapping
from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.reports.kit.estimates import tabulate_estimates
from ganoscope.reports.run.artefacts import ALARMS, DIVERSITY, Sources

TEXT = "Files in `{folder}` of the run that other sections do not show: {names}."


def make_chapter(sources: Sources) -> Chapter | None:
    """Returns the chapter on other measurements; None where there are none.

    Raises:
        UserError: A file is damaged.
    """
    files = list_measurements(sources.evaluation)
    found = {file.stem.replace("_", " "): load_mapping(file) for file in files}
    tables = tabulate_estimates(found, "Other measurements", f"`{sources.evaluation.name}`")
    if not tables:
        return None
    text = TEXT.format(folder=sources.evaluation.name, names=", ".join(f"`{file.name}`" for file in files))
    sections = (Section((text,)), *(Section(tables=(table,)) for table in tables))
    return Chapter("measurements", "Other measurements", sections)


def list_measurements(folder: Path) -> list[Path]:
    """Returns the files of all measurements that have no section of their own, sorted by name."""
    return sorted(path for path in folder.glob("*.json") if path.name not in (DIVERSITY, ALARMS, GENERATED))
