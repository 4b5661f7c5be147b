from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.audits import make_evidence, pose, take_real

from ganoscope.audits.beside_real import feature_families
from ganoscope.audits.beside_real.feature_families import (
    count_images,
    find_families,
    list_measurements,
    measure_families,
)
from ganoscope.audits.beside_real.image_parts import FEWEST
from ganoscope.classifiers.trained import open_classifier
from ganoscope.errors import UserError
from ganoscope.evaluate.features import extract_features, make_random_extractor
from ganoscope.evaluate.moments import compute_moments


@pytest.fixture(scope="module")
def evidence(phantom_store):
    images, labels = take_real(phantom_store, "train")
    return make_evidence(phantom_store, images, labels)


def test_two_families_at_least_and_features_are_those_of_the_images(evidence, phantom_store):
    families = find_families(evidence)
    assert [one.extractor.name for one in families.families] == ["random network, seed 0", "radiomics"]
    images, _ = take_real(phantom_store, "train")
    expected = extract_features(make_random_extractor(), [images]).values
    np.testing.assert_allclose(families.families[0].features[0].values, expected, rtol=1e-5)


def test_radiomics_are_standardised_by_the_members(evidence):
    _, members, held_out = find_families(evidence).families[1].features
    spread = members.values.std(axis=0)
    assert np.abs(members.values.mean(axis=0)).max() < 0.2
    assert ((spread < 1.05) & ((spread > 0.8) | (spread < 1e-6))).all()
    assert len(held_out.values) == count_images(evidence)["held_out"]


def test_a_second_question_gets_the_same_features_and_other_evidence_gets_its_own(evidence):
    loads = []
    synthetic = evidence.synthetic
    counting = replace(synthetic, load=lambda positions: loads.append(len(positions)) or synthetic.load(positions))
    first = replace(evidence, synthetic=counting)
    assert find_families(first) is find_families(first)
    assert sum(loads) == synthetic.count
    assert find_families(evidence) is not find_families(first)


def test_no_more_than_the_stated_number_is_looked_at(evidence):
    chosen = feature_families.choose(np.arange(50), 0, 1, most=10)
    assert len(set(chosen.tolist())) == 10
    assert chosen.tolist() == sorted(chosen.tolist())


def test_means_and_covariances_are_those_of_all_images_however_few_are_kept(evidence, monkeypatch):
    whole = find_families(evidence)
    monkeypatch.setattr(feature_families.choose, "__defaults__", (60,))
    part = find_families(replace(evidence, seed=1))
    for few, all_of_them in zip(part.families, whole.families, strict=True):
        assert len(few.features[0].values) == 60
        assert few.features[0].count == evidence.synthetic.count
        if few.extractor.name != "radiomics":  # those are standardised by the members that are kept
            expected = compute_moments(all_of_them.features[0].values)
            assert few.features[0].moments.covariance == pytest.approx(expected.covariance, rel=1e-4, abs=1e-9)
    sums = [measure_families(one, list_measurements(("frechet_distance",)))[0][0].measured for one in (whole, part)]
    assert sums[0].value.value == pytest.approx(sums[1].value.value, rel=1e-6)
    assert sums[0].value.n == sums[1].value.n


def test_values_are_given_by_class_where_there_are_enough_images(evidence):
    frechet = list_measurements(("frechet_distance",))
    values, _ = measure_families(find_families(evidence), frechet)
    labels = evidence.synthetic.labels
    large = {name for name in np.unique(labels) if (labels == name).sum() >= FEWEST}
    assert {value.images for value in values if "," not in value.images} == {
        "all",
        *(f"class {name}" for name in large),
    }
    few = replace(evidence, synthetic=pose(evidence.synthetic.load(np.arange(60)), np.repeat(["well", "x"], [50, 10])))
    values, _ = measure_families(find_families(few), frechet)
    assert {value.images for value in values} == {"all"}


def test_fewer_than_fifty_are_refused(evidence):
    few = replace(evidence, synthetic=pose(evidence.synthetic.load(np.arange(49))))
    with pytest.raises(UserError, match=r"too few synthetic images.*49.*50 or more"):
        find_families(few)


def test_a_classifier_of_the_store_is_a_third_family(disc_store, disc_classifier):
    images, labels = take_real(disc_store, "train")
    found = find_families(make_evidence(disc_store, images, labels, classifier=open_classifier(disc_classifier)))
    assert len(found.families) == 3
    assert found.families[2].extractor.name.startswith("small_cnn, trained on")
    assert not any("classifier" in warning for warning in found.warnings)


def test_a_classifier_needs_held_out_images(evidence, disc_classifier):
    classifier = open_classifier(disc_classifier)
    alone = replace(evidence, classifier=classifier, held_out=None)
    assert "no floor" in find_families(alone).warnings[0]
    assert "left out" in find_families(replace(evidence, classifier=classifier)).warnings[0]  # of another size
