"""Agreement of a judge with requested classes, beside its accuracy on real images."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.labels.label_agreement import compare_labels, measure_label_agreement
from ganoscope.nets.classifiers import ClassifierOutput

CLASSES = ("a", "b", "c")
ANSWERS = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.3, 0.4, 0.3], [0.1, 0.1, 0.8]])


class Brightness(nn.Module):
    """Says the class whose level the mean grey of an image is nearest to."""

    def __init__(self, levels):
        super().__init__()
        self.levels = nn.Parameter(levels)

    def forward(self, image):
        return ClassifierOutput(-100 * (image.mean(dim=(2, 3)) - self.levels) ** 2, image)


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


@pytest.fixture
def judge(tiny_classifier):
    """A trained classifier whose network is replaced by one with known answers: class k for grey level k / 4."""
    classifier = open_classifier(tiny_classifier)
    levels = torch.arange(len(classifier.record.classes)) / 4.0
    return replace(classifier, network=Brightness(levels), record=replace(classifier.record, temperature=2.0))


def paint(codes):
    return np.ones((len(codes), 1, 32, 32), np.float32) * (np.asarray(codes, np.float32) / 4)[:, None, None, None]


def test_share_and_probability_are_those_of_the_label():
    result = compare_labels(ANSWERS, np.array(["a", "b", "a", "b"]), np.arange(4), CLASSES)
    assert (result.images, result.groups, result.share) == (4, 4, 0.5)
    assert result.probability == pytest.approx((0.8 + 0.7 + 0.3 + 0.1) / 4)
    assert result.low < 0.5 < result.high


def test_patients_with_many_images_count_once_in_the_interval():
    labels = np.array(["a", "b", "a", "b"])
    apart, together = (compare_labels(ANSWERS, labels, groups, CLASSES) for groups in (np.arange(4), [0, 0, 1, 1]))
    assert apart.share == together.share
    assert together.high - together.low > apart.high - apart.low


def test_a_judge_agrees_with_images_of_the_requested_class_alone(judge, store):
    classes = np.array(judge.record.classes)
    codes = np.arange(60) % len(classes)
    right = measure_label_agreement(judge, [paint(codes[:25]), paint(codes[25:])], classes[codes], store)
    wrong = measure_label_agreement(judge, [paint(codes)], np.roll(classes, 1)[codes], store)
    assert (right.generated.share, wrong.generated.share) == (1.0, 0.0)
    assert right.generated.probability > 0.9 > 0.1 > wrong.generated.probability
    assert {name: part.share for name, part in right.generated_by_class.items()} == dict.fromkeys(classes, 1.0)
    assert right.generated_by_class[classes[0]].images == 20


def test_the_ceiling_is_the_judges_accuracy_on_the_test_part(tiny_classifier, store):
    judge = open_classifier(tiny_classifier)
    result = measure_label_agreement(judge, [paint([0])], np.array(judge.record.classes[:1]), store)
    test = store.indices("test")
    with torch.no_grad():
        answers = judge(torch.from_numpy(store.load_images(test))).logits.argmax(dim=1).numpy()
    labels = store.column("label")[test]
    assert result.real.share == pytest.approx((np.array(judge.record.classes)[answers] == labels).mean())
    assert (result.real.images, result.real.groups) == (len(test), len(np.unique(store.column("group")[test])))
    assert sum(part.images for part in result.real_by_class.values()) == len(test)


def test_a_judge_that_has_seen_the_real_images_or_knows_other_classes_is_refused(judge, store):
    seen = replace(judge.record, sample_ids=store.column("sample_id").tolist())
    with pytest.raises(UserError, match="was trained on images of the validation or test split"):
        measure_label_agreement(replace(judge, record=seen), [paint([0])], np.array(judge.record.classes[:1]), store)
    with pytest.raises(UserError, match="does not know: got zebra"):
        measure_label_agreement(judge, [paint([0])], np.array(["zebra"]), store)
    with pytest.raises(UserError, match="1 image and 2 classes"):
        measure_label_agreement(judge, [paint([0])], np.array(judge.record.classes[:2]), store)
