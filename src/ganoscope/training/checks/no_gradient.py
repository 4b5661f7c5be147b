"""Does every part of each network receive a gradient?"""

from collections import Counter
from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.training.observations import Observations

SETTLED_STEPS = 3
"""Steps after which every part of a network should receive a gradient."""
LISTED = 20
"""Most parameters that the alarm lists."""


def find_silent_parameters(observations: Observations) -> Iterator[Alarm]:
    """Yields an alarm when a part of a network received no gradient, or only zeros, in its phase's latest step.

    A phase that took fewer than `SETTLED_STEPS` steps since the last checkpoint is not checked: a layer that begins at
    zero hides the ones before it from the first step. The gradient of a single number may be 0 by chance: that of the
    last bias of a least-squares D is, where real and generated scores add up to 1, which bfloat16 hits now and then.
    """
    steps = Counter(phase for row in observations.rows for phase in {name.partition(".")[0] for name in row})
    silent = [
        f"{name}.{parameter_name}"
        for phase in observations.phases
        if steps[phase.name] >= SETTLED_STEPS
        for name in phase.learns
        for parameter_name, parameter in observations.networks[name].named_parameters()
        if parameter.grad is None or (parameter.numel() > 1 and not bool(parameter.grad.any()))
    ]
    if silent:
        yield Alarm(
            "no_gradient",
            "danger",
            f"{len(silent)} parameters received no gradient, such as {silent[0]}: that part of the network does not "
            "learn.",
            {"parameters": silent[:LISTED]},
        )


CHECK = Check(("no_gradient",), "parts of a network without gradient", find_silent_parameters, rank=30)
