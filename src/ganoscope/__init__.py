"""ganoscope trains and explains generative adversarial networks on medical images.

Every command of the command line is a function of the same name here, with its configuration beside it:
`prepare(source, store, PrepareConfig(size=64))`. Paths may be strings. Names are imported on first use.
"""

from importlib import import_module
from inspect import isfunction
from typing import Any

_HOME_OF_NAME = {
    "prepare": "workflows.prepare",
    "PrepareConfig": "data.prepare.config",
    "check": "workflows.prepare",
    "phantom": "workflows.phantom",
    "PhantomConfig": "data.phantoms.phantom_store",
    "fetch": "workflows.fetch",
    "FetchConfig": "data.fetch",
    "inspect": "workflows.inspect",
    "InspectConfig": "workflows.inspect",
    "train": "workflows.train",
    "TrainConfig": "training.config",
    "classify": "workflows.classify",
    "ClassifyConfig": "training.classifier.config",
    "generate": "workflows.generate",
    "GenerateConfig": "generation.config",
    "explain": "workflows.explain",
    "ExplainConfig": "explanation.config",
    "counterfactual": "workflows.counterfactual",
    "CounterfactualConfig": "counterfactuals.config",
    "audit": "workflows.audit",
    "AuditConfig": "audits.config",
    "study": "workflows.study",
    "StudyConfig": "studies.config",
    "bank": "workflows.bank",
    "BankConfig": "banks.config",
    "report": "workflows.report",
    "ReportConfig": "reports.run.config",
    "demo": "workflows.demo",
    "DemoConfig": "workflows.demo",
    "Store": "data.store",
    "open_run": "training.run_folder.trained_run",
    "open_classifier": "classifiers.trained",
    "list_methods": "presets",
    "configure": "presets",
    "sample": "generation.drawing",
}
"""Every verb with its configuration, and the results of verbs, by the module that defines them. They are imported on
first use, so that `import ganoscope` is quick.

No module or folder has the name of a function here: once imported, it would hide the function. Folders are named with
nouns (`explanation`), functions with verbs (`explain`).
"""

__all__ = list(_HOME_OF_NAME)
_ALARMS_IN = {
    "prepare": "store",
    "check": "",
    "phantom": "store",
    "inspect": "store",
    "classify": "run",
    "explain": "out",
    "counterfactual": "out",
}
"""Argument that names the folder with the alarms, by the function that prints them when it returns; "" for a context
manager that yields a store. `train` prints alarms as they are raised, `demo` those of each step."""


def __dir__() -> list[str]:
    """Returns the public names, for completion."""
    return __all__


def __getattr__(name: str) -> Any:
    """Returns a public name from its module; `__version__` is the installed version.

    Raises:
        AttributeError: There is no such name.
    """
    if name == "__version__":
        return import_module("importlib.metadata").version("ganoscope")
    if name not in _HOME_OF_NAME:
        raise AttributeError(f"module ganoscope has no attribute {name!r}")
    found = getattr(import_module(f"ganoscope.{_HOME_OF_NAME[name]}"), name)
    if not isfunction(found):
        return found
    checked = import_module("ganoscope.arguments").checked(found)
    return import_module("ganoscope.alarms").announce(checked, _ALARMS_IN[name]) if name in _ALARMS_IN else checked
