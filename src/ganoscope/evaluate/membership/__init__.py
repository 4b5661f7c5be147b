"""Attacks that try to tell the images that a generator has learned from. The folder is the registry: a file is one.

A file provides `NAME`, `THREAT`, what the attacker has, in words, `NEEDS`, names of fields of
`ganoscope.evaluate.attacks.suspects.Exposed` that it uses, `COUNTS`, whether its result is evidence by itself,
`THOROUGH`, whether it is tried at depth `full` alone, and `score(suspects, exposed) -> (n,)`: higher means more like an
image that the generator has learned from. An attack never sees who is a member: under "nothing leaks", labels of
patients can then be exchanged.
"""

from types import ModuleType

from ganoscope.evaluate import membership
from ganoscope.registry import load_all


def list_attacks() -> dict[str, ModuleType]:
    """Returns all attacks by name."""
    return load_all(membership, ("NAME", "THREAT", "NEEDS", "COUNTS", "THOROUGH", "score"))
