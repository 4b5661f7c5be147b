import numpy as np
import pytest

from ganoscope.alarms import load_alarms
from ganoscope.errors import UserError
from ganoscope.training.checks import CHECKS
from ganoscope.training.kept_alarms import TrainingAlarms
from ganoscope.training.observations import Observations

RNG = np.random.default_rng(0)
REAL = RNG.uniform(-1, 1, (20, 8, 8)).astype(np.float32)
COLLAPSE = Observations(real=REAL, fake=REAL[:1].repeat(5, 0), progress=0.5)


def find_codes(alarms):
    return [alarm.code for alarm in alarms]


def test_alarms_keep_first_and_last_and_survive_a_resume(tmp_path):
    alarms = TrainingAlarms(tmp_path, 0)
    assert find_codes(alarms.check(COLLAPSE, 100)) == ["collapsed_diversity"]
    assert alarms.check(COLLAPSE, 200) == []
    resumed = TrainingAlarms(tmp_path, 200)
    assert resumed.check(COLLAPSE, 300) == []
    (kept,) = load_alarms(tmp_path / "alarms.json")
    assert (kept.evidence["first_images"], kept.evidence["last_images"]) == (100, 300)
    assert TrainingAlarms(tmp_path, 50).raised == {}


def test_a_loss_that_is_not_finite_is_an_alarm_as_well_as_an_error(tmp_path):
    def flush():
        raise UserError("the loss is not finite after 16 images")

    with pytest.raises(UserError, match="not finite"):
        TrainingAlarms(tmp_path, 0).watch(flush, 16)
    (alarm,) = load_alarms(tmp_path / "alarms.json")
    assert (alarm.code, alarm.severity) == ("non_finite_loss", "danger")
    assert alarm.message == "the loss is not finite after 16 images"


def test_checks_run_in_the_order_in_which_alarms_were_always_listed():
    order = "prevalence_changed discriminator_won no_gradient ranges_differ collapsed_diversity non_finite_loss"
    assert [code for check in CHECKS for code in check.codes if code in order.split()] == order.split()


def test_nothing_is_found_before_the_first_step(tmp_path):
    assert TrainingAlarms(tmp_path, 0).check(Observations(real=REAL), 0) == []
