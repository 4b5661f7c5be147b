"""Classes of training images: in alphabetical order, none where a label is missing."""

import numpy as np
import pytest

from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes, encode_labels, refuse_test_only, refuse_unlabelled
from ganoscope.errors import UserError


def test_classes_of_the_training_images_are_counted_in_the_order_of_their_codes(phantom_store):
    store = Store.open(phantom_store)
    counts = count_classes(store)
    assert list(counts) == sorted(counts) == ["glioma", "meningioma", "notumor"]
    assert sum(counts.values()) == len(store.indices("train"))


def test_labels_become_their_place_among_the_classes_and_unknown_ones_minus_one():
    assert encode_labels(np.array(["b", "", "c", "a"]), ("a", "b")).tolist() == [1, -1, -1, 0]


class Labels:
    def __init__(self, labels):
        self.labels = np.array(labels)

    def column(self, name):
        return self.labels

    def indices(self, split):
        return np.arange(len(self.labels))


@pytest.mark.parametrize("labels", [["a", "a"], ["a", "b", ""], ["", ""]])
def test_missing_labels_and_single_classes_are_not_to_be_learnt_from(labels):
    assert count_classes(Labels(labels)) == {}
    with pytest.raises(UserError, match="method cgan needs the class of every training image"):
        refuse_unlabelled(Labels(labels), "method cgan")


def test_a_store_for_testing_alone_is_refused_in_words(make_store):
    store = make_store([{"split": "test"}, {"split": "test"}])
    with pytest.raises(UserError, match=r"classify needs training images: got 0 in .* held out \(--split test\)"):
        refuse_test_only(store, "classify")
    refuse_test_only(make_store([{"split": "train"}], path=store.path.with_name("other")), "classify")
