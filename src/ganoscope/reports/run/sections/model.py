"""The method with all its settings, and the classifiers that it learned from."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from ganoscope import methods
from ganoscope.reports.kit.content import Section, Table, write_number
from ganoscope.training.run_folder.record import RunRecord


def describe_model(record: RunRecord) -> Section:
    """Returns the method and all its settings."""
    settings = Table("Method settings", ("Setting", "Value"), write_settings(record.method_config))
    training = Table("Training settings", ("Setting", "Value"), write_settings(vars(record.train)))
    sentences = (*describe_method(record.method), *describe_classifiers(record))
    return Section(sentences=sentences, tables=(settings, training))


def describe_method(name: str) -> tuple[str, ...]:
    """Returns the first line of a method's docstring, and the source that its settings cite."""
    module = methods.load(name)
    first = (inspect.getdoc(module) or name).splitlines()[0]
    lines = (inspect.getdoc(module.Config) or "").splitlines()
    start = next((position for position, line in enumerate(lines) if line.startswith("Source:")), len(lines))
    cited = " ".join(line.strip() for line in lines[start:])
    return (first, cited) if cited else (first,)


def describe_classifiers(record: RunRecord) -> Iterator[str]:
    """Yields a sentence on each classifier that the method learned from, with its AUROC on held-out images."""
    for name, known in record.classifiers.items():
        value, low, high = known["auroc"].values()
        quality = "not measured" if value is None else f"{value:.3f}"
        interval = f" (95% interval {low:.3f} to {high:.3f})" if low is not None and high is not None else ""
        yield (
            f"The {name} is a {known['network']} trained on {known['store_name']}; its AUROC on the test split is "
            f"{quality}{interval}."
        )


def write_settings(settings: dict[str, object]) -> tuple[tuple[str, ...], ...]:
    """Returns settings as rows; those without a value are left out, and paths are reduced to their last name.

    Example:
        >>> write_settings({"batch_size": 4, "teacher": "/home/doe/teacher", "images": None})
        (('batch size', '4'), ('teacher', 'teacher'))
    """
    shown = {name: Path(value).name if isinstance(value, str) else value for name, value in settings.items()}
    return tuple(
        (name.replace("_", " "), write_number(value)) for name, value in shown.items() if value not in (None, "")
    )
