from ganoscope.training.checks.discriminator_won import CHECK
from ganoscope.training.observations import Observations

WON = {"discriminator.d_real": 0.999, "discriminator.d_fake": 0.001}
FAIR = {"discriminator.d_real": 0.7, "discriminator.d_fake": 0.3}


def find_codes(rows, progress=0.5, steps=100):
    return [alarm.code for alarm in CHECK.find(Observations(rows, progress=progress, steps=steps))]


def test_domination_needs_nearly_all_steps():
    assert find_codes([WON] * 95 + [FAIR] * 5) == ["discriminator_won"]
    assert find_codes([WON] * 80 + [FAIR] * 20) == []
    assert find_codes([]) == []


def test_the_first_steps_say_nothing_yet():
    assert find_codes([WON] * 50, progress=0.05) == find_codes([WON] * 50, steps=50) == []


def test_other_phases_have_no_say():
    assert find_codes([{"critic.d_real": 1.0, "critic.d_fake": 0.0}] * 9) == []
