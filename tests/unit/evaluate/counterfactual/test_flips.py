"""Answers of a classifier as a change grows, for one whose answer depends on the mean grey alone."""

from types import SimpleNamespace

import numpy as np
import torch

from ganoscope.evaluate.counterfactual.flips import ask, count_flips, describe_answers, find_flip_strength

STRENGTHS = np.linspace(0, 1, 5)
TARGET = np.array(["bright", "bright", "dark"])


class Brightness:
    """Says bright with the probability (1 + mean) / 2."""

    record = SimpleNamespace(classes=("bright", "dark"))

    def compute_probabilities(self, image):
        bright = (1 + image.mean(dim=(1, 2, 3))) / 2
        return torch.stack([bright, 1 - bright], 1)


def answer(changes):
    """Three images of grey -0.5, 0.5 and 0.5, changed by as much as given."""
    image = torch.tensor([-0.5, 0.5, 0.5]).view(3, 1, 1, 1).expand(3, 1, 4, 4)
    change = torch.tensor(changes).view(3, 1, 1, 1).expand(3, 1, 4, 4)
    return ask(Brightness(), image, change, TARGET, STRENGTHS)


def test_curves_follow_the_change():
    answers = answer([1.0, 0.5, -1.0])
    np.testing.assert_allclose(answers.curve[0], 0.25 + 0.5 * STRENGTHS)
    np.testing.assert_allclose(answers.curve[2], 0.25 + 0.5 * STRENGTHS)
    assert answers.codes.tolist() == [0, 0, 1]
    assert answers.known


def test_flips_begin_where_the_target_is_the_most_probable_class():
    answers = answer([1.2, 0.5, -0.4])
    assert count_flips(answers, answers.said[:, -1]).tolist()[::2] == [1, 0]
    assert np.isnan(count_flips(answers, answers.said[:, -1])[1])  # bright as it is
    strength = find_flip_strength(answers, STRENGTHS)
    assert strength[0] == 0.5  # the first strength above 0.5 / 1.2
    assert np.isnan(strength[1:]).all()
    assert set(describe_answers(answers, "judge_", STRENGTHS)) == {
        "judge_probability_before",
        "judge_probability_after",
        "judge_flip",
        "judge_flip_strength",
    }


def test_without_a_classifier_nothing_is_said():
    image = torch.zeros(3, 1, 4, 4)
    answers = ask(None, image, image, TARGET, STRENGTHS)
    assert not answers.known
    assert np.isnan(answers.curve).all()
    assert describe_answers(answers, "", STRENGTHS) == {}
