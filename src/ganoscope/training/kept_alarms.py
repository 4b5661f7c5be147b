"""The alarms of a run as they are kept: each with the first and the last number of images at which it was active."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ganoscope.alarms import Alarm, load_alarms, run_checks, save_alarms
from ganoscope.errors import UserError
from ganoscope.training.checks import CHECKS
from ganoscope.training.observations import Observations


class TrainingAlarms:
    """The alarms of a run; each is kept with the first and the last number of images at which it was active."""

    def __init__(self, run: Path, images_seen: int) -> None:
        self.path = run / "alarms.json"
        earlier = (alarm for alarm in load_alarms(self.path) if first_images(alarm) <= images_seen)
        self.raised = {alarm.code: alarm for alarm in earlier}

    def check(self, observations: Observations, images_seen: int) -> list[Alarm]:
        """Runs all checks, records the alarms that are active now, and returns those that are new."""
        return self.update(run_checks(CHECKS, observations), images_seen)

    def update(self, found: Sequence[Alarm], images_seen: int) -> list[Alarm]:
        """Records the alarms that are active now, saves all, and returns those that are new."""
        new = [alarm for alarm in found if alarm.code not in self.raised]
        for alarm in found:
            first = first_images(self.raised[alarm.code]) if alarm.code in self.raised else images_seen
            span = {"first_images": first, "last_images": images_seen}
            self.raised[alarm.code] = Alarm(alarm.code, alarm.severity, alarm.message, {**alarm.evidence, **span})
        save_alarms(self.path, list(self.raised.values()))
        return new

    def watch(self, flush: Callable[[], list[dict[str, float]]], images_seen: int) -> list[dict[str, float]]:
        """Returns the result of `History.flush`, and raises the alarm of a loss that is not finite.

        Raises:
            UserError: A loss is not finite.
        """
        try:
            return flush()
        except UserError as error:
            self.check(Observations(fault=str(error)), images_seen)
            raise


def first_images(alarm: Alarm) -> int:
    """Returns the number of images at which an alarm was first active; 0 where it is not recorded."""
    return int(str(alarm.evidence.get("first_images", 0)))
