"""What is to be done: a function of a module, its arguments, and the tasks whose results it reads."""

import ast
import hashlib
import importlib.util
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ganoscope.errors import Range, UserError, describe, refuse

REVISIONS = "REVISIONS"
"""Name of the dictionary in which a module lists its functions that tasks may call, each with its revision."""
SPELLING = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
RANGES = {
    "cores": Range(1),
    "memory_gib": Range(0, above=True),
    "gpus": Range(0),
    "timeout_seconds": Range(0, above=True),
}


@dataclass(frozen=True, eq=False)
class Task:
    """One task; tasks of equal keys are the same work and done once.

    The function is called as `function(output, inputs, **arguments, **places)`: `output` is its own folder, and
    `inputs` holds the folders of the results that it reads, by the names in `needs`. Random numbers come from its
    arguments alone. It imports what is large at the top of its module, which workers share.

    Attributes:
        name: Name for people, such as `gan, split 3`.
        function: Module and function, such as `ganoscope.studies.steps:train_generator`. The module lists it in
            `REVISIONS = {"train_generator": 1}`; who changes what a function computes raises its number.
        arguments: Plain JSON values by name.
        needs: Tasks whose results the function reads, by the name under which it finds them.
        places: Paths by name, handed over like arguments but no part of the key, so that data may move. What lies there
            must be identified by an argument, such as the hash of a store.
        cores: Threads that it works with; part of the key, as sums of floats depend on their number.
        memory_gib: Most memory that it takes beyond the imported libraries, in GiB, or a function that finds it: it is
            called only where the task is to run.
        gpus: Number of GPUs, or a share of one; part of the key.
        timeout_seconds: Time after which it is ended as hanging; None: never.
        resumes: Whether it goes on from what an interrupted attempt left in `output`; otherwise that is removed first.
    """

    name: str
    function: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    needs: Mapping[str, "Task"] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    cores: int = 1
    memory_gib: float | Callable[[], float] = 1.0
    gpus: float = 0.0
    timeout_seconds: float | None = None
    resumes: bool = False
    key: str = field(init=False)
    """Hash of everything that the result depends on: 64 hexadecimal digits."""

    def __post_init__(self) -> None:
        refuse([f"task {self.name}: {fault}" for fault in list_faults(self)])
        object.__setattr__(self, "key", compute_key(self.describe_work()))

    def find_memory_gib(self) -> float:
        """Returns the most memory that it takes beyond the imported libraries, in GiB."""
        return self.memory_gib() if callable(self.memory_gib) else self.memory_gib

    def describe_work(self) -> dict[str, object]:
        """Returns what the key is the hash of."""
        return {
            "function": self.function,
            "revision": find_revision(self.function),
            "version": read_version(),
            "arguments": dict(self.arguments),
            "needs": {name: task.key for name, task in self.needs.items()},
            "cores": self.cores,
            "gpus": self.gpus,
        }


@cache
def read_version() -> str:
    """Returns the version of ganoscope."""
    return version("ganoscope")


def compute_key(work: Mapping[str, object]) -> str:
    """Returns the hash of a description of work, whatever the order of its entries."""
    text = json.dumps(work, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def list_faults(task: Task) -> list[str]:
    """Returns what is wrong with a task, a message each."""
    faults = [
        describe(f"{name} is out of range", getattr(task, name), str(allowed), "Change it.")
        for name, allowed in RANGES.items()
        if isinstance(getattr(task, name), int | float) and getattr(task, name) not in allowed
    ]
    if not is_plain(dict(task.arguments)):
        remedy = "Write arrays to files of another task's result."
        faults.append(describe("arguments are not plain", dict(task.arguments), "values that JSON keeps", remedy))
    twice = sorted(({"output", "inputs"} | set(task.places)) & set(task.arguments))
    if twice:
        faults.append(describe("arguments have reserved names", ", ".join(twice), "other names", "Rename them."))
    try:
        find_revision(task.function)
    except UserError as error:
        faults.append(str(error))
    return faults


def is_plain(values: object) -> bool:
    """Tells whether values come back from JSON as they were.

    Example:
        >>> is_plain({"seed": 3, "arms": ["a"]}), is_plain({"sizes": (1, 2)}), is_plain({"rate": float("nan")})
        (True, False, False)
    """
    try:
        return bool(json.loads(json.dumps(values, allow_nan=False)) == values)
    except (TypeError, ValueError, RecursionError):
        return False


def find_revision(function: str) -> int:
    """Returns the revision of a function.

    Args:
        function: Module and function, as in `Task`.

    Raises:
        UserError: There is no such module, or it does not list the function.
    """
    if not SPELLING.fullmatch(function):
        raise UserError(describe("function is misspelt", function, "package.module:function", "Correct it."))
    module, name = function.split(":")
    found = read_revisions(module)
    if name not in found:
        remedy = f"List it in the dictionary {REVISIONS} of the module."
        raise UserError(describe(f"{module} offers no such function", name, ", ".join(found) or "none", remedy))
    return found[name]


@cache
def read_revisions(module: str) -> dict[str, int]:
    """Returns the functions of a module that tasks may call, with their revisions; the module is read, not imported.

    Raises:
        UserError: There is no such module.
    """
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        spec = None
    if spec is None or not spec.has_location or not spec.origin:
        remedy = "Is it on PYTHONPATH?"
        raise UserError(describe("a task's module does not exist", module, "a module of Python's path", remedy))
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == REVISIONS:
            return dict(ast.literal_eval(node.value))
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == REVISIONS and node.value:
            return dict(ast.literal_eval(node.value))
    return {}
