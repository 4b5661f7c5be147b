import numpy as np
import torch
from torch import nn

from ganoscope.alarms import load_alarms
from ganoscope.contracts import Phase
from ganoscope.training.alarms import TrainingAlarms, check_domination, check_gradients, check_samples, mean_distance

RNG = np.random.default_rng(0)
ROWS = [{"images": 16.0 * step, "p.loss": 1.0} for step in range(1, 4)]


def make_images(count=20, low=-1.0, high=1.0):
    return RNG.uniform(low, high, (count, 8, 8)).astype(np.float32)


def codes(alarms):
    return [alarm.code for alarm in alarms]


def test_domination_needs_nearly_all_steps():
    won = {"discriminator.d_real": 0.999, "discriminator.d_fake": 0.001}
    fair = {"discriminator.d_real": 0.7, "discriminator.d_fake": 0.3}
    assert codes(check_domination([won] * 95 + [fair] * 5)) == ["discriminator_won"]
    assert check_domination([won] * 80 + [fair] * 20) == []
    assert check_domination([]) == []


def test_a_network_part_without_gradient_is_named():
    network = nn.ModuleDict({"used": nn.Linear(2, 1), "unused": nn.Linear(2, 1)})
    phase = Phase("p", ("N",), lambda _: None, torch.optim.SGD(network.parameters(), 0.1))
    network["used"](torch.ones(1, 2)).sum().backward()
    (alarm,) = check_gradients({"N": network}, [phase], ROWS)
    assert alarm.code == "no_gradient"
    assert alarm.evidence["parameters"] == ["N.unused.weight", "N.unused.bias"]
    network["unused"](torch.ones(1, 2)).sum().backward()
    assert check_gradients({"N": network}, [phase], ROWS) == []


def test_a_phase_that_hardly_ran_since_the_last_look_is_not_judged():
    network = nn.Linear(2, 1)
    phase = Phase("p", ("N",), lambda _: None, torch.optim.SGD(network.parameters(), 0.1))
    assert check_gradients({"N": network}, [phase], ROWS[:2]) == []
    assert check_gradients({"N": network}, [phase], [{"images": 16.0, "other.loss": 1.0}] * 9) == []
    assert codes(check_gradients({"N": network}, [phase], ROWS)) == ["no_gradient"]


def test_a_gradient_of_zeros_counts_as_none():
    network = nn.Linear(2, 1)
    phase = Phase("p", ("N",), lambda _: None, torch.optim.SGD(network.parameters(), 0.1))
    (network(torch.ones(1, 2)).sum() * 0).backward()
    assert codes(check_gradients({"N": network}, [phase], ROWS)) == ["no_gradient"]


def test_a_single_number_may_have_a_gradient_of_zero_by_chance():
    network = nn.Linear(2, 1)
    phase = Phase("p", ("N",), lambda _: None, torch.optim.SGD(network.parameters(), 0.1))
    scores = network(torch.tensor([[1.0, 2.0], [3.0, 5.0]]))
    (scores[0] - scores[1]).sum().backward()
    assert not network.bias.grad.any()
    assert check_gradients({"N": network}, [phase], ROWS) == []


def test_collapse_and_range_alarms_fire_on_their_fault_alone():
    real = make_images()
    assert check_samples(real, make_images(), 0.5) == []
    assert codes(check_samples(real, real[:1] + 0.01 * make_images(), 0.5)) == ["collapsed_diversity"]
    assert "ranges_differ" in codes(check_samples(real, make_images(low=-0.2, high=0.2), 0.5))


def test_a_generator_may_be_poor_at_the_beginning_but_real_images_never_out_of_range():
    assert check_samples(make_images(), make_images(low=0, high=0.01), 0.05) == []
    assert codes(check_samples(make_images(low=0, high=255), make_images(), 0.05)) == ["ranges_differ"]


def test_mean_distance_equals_the_naive_mean_over_pairs():
    images = make_images(6).astype(np.float64)
    pairs = [np.linalg.norm(images[i] - images[j]) for i in range(6) for j in range(i)]
    assert np.isclose(mean_distance(images.astype(np.float32)), np.mean(pairs), rtol=1e-5)


def test_alarms_keep_first_and_last_and_survive_a_resume(tmp_path):
    collapse = check_samples(make_images(), make_images(1).repeat(5, 0), 0.5)
    alarms = TrainingAlarms(tmp_path, 0)
    assert codes(alarms.update(collapse, 100)) == ["collapsed_diversity"]
    assert alarms.update(collapse, 200) == []
    resumed = TrainingAlarms(tmp_path, 200)
    assert resumed.update(collapse, 300) == []
    (kept,) = load_alarms(tmp_path / "alarms.json")
    assert (kept.evidence["first_images"], kept.evidence["last_images"]) == (100, 300)
    assert TrainingAlarms(tmp_path, 50).raised == {}
