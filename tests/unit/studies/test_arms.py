"""Arms: each is described, and can be found by its name."""

from ganoscope.studies.arms import ARMS, BASELINE


def test_every_arm_is_described_and_differs_from_the_baseline():
    baseline = ARMS[BASELINE]
    for name, arm in ARMS.items():
        assert arm.name == name
        assert arm.about
        if name != BASELINE:
            assert (arm.source, arm.augment) != (baseline.source, baseline.augment)
