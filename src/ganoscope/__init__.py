"""ganoscope trains, explains and audits generative adversarial networks on medical images."""

from importlib import import_module
from typing import Any

_HOME_OF_NAME = {
    "Store": "data.store",
    "prepare": "data.prepare",
    "PrepareConfig": "data.prepare",
    "train": "training.run",
    "TrainConfig": "training.record",
    "open_run": "training.restore",
    "generate": "generation",
    "GenerateConfig": "generation",
    "classify": "classification",
    "ClassifyConfig": "training.classifier_config",
    "open_classifier": "classifier",
}
"""Public names and the modules that hold them: imported on first use, so that `import ganoscope` is quick.

No module bears the name of a function here: once imported, it would hide it.
"""

__all__ = list(_HOME_OF_NAME)


def __getattr__(name: str) -> Any:
    """Returns a public name from its module."""
    if name not in _HOME_OF_NAME:
        raise AttributeError(f"module ganoscope has no attribute {name!r}")
    return getattr(import_module(f"ganoscope.{_HOME_OF_NAME[name]}"), name)
