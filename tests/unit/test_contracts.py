from contextlib import nullcontext
from dataclasses import dataclass, fields

import pytest
import torch

from ganoscope import contracts
from ganoscope.contracts import Batch, Domains, Phase, Terms, Traits, draw, observed


@dataclass(frozen=True)
class Loss(Terms):
    first: torch.Tensor
    second: torch.Tensor
    seen: torch.Tensor = observed()


def make_terms():
    return Loss(*(torch.tensor(value, requires_grad=True) for value in (1.0, 2.0, 40.0)))


def test_observed_terms_are_no_part_of_the_loss():
    terms = make_terms()
    terms.total.backward()
    assert terms.total.item() == 3.0
    assert (terms.first.grad.item(), terms.second.grad.item(), terms.seen.grad) == (1.0, 1.0, None)
    assert terms.observations() == {"seen": 40.0}


def test_reported_values_have_no_graph():
    values = make_terms().scalars()
    assert {name: value.item() for name, value in values.items()} == {"first": 1.0, "second": 2.0, "seen": 40.0}
    assert not any(value.requires_grad for value in values.values())


def test_a_label_is_passed_only_where_there_is_one():
    z, label = torch.zeros(2, 3), torch.tensor([0, 1])
    assert draw(lambda *given: torch.tensor(len(given)), z, None).item() == 1
    assert draw(lambda *given: torch.tensor(len(given)), z, label).item() == 2


def test_everything_optional_has_a_neutral_default():
    images = torch.zeros(2, 1, 4, 4)
    assert (Batch(images).label, Batch(images).weight, Domains(images, images).measured_a) == (None, None, None)
    traits = Traits()
    assert (traits.weighting, traits.check, traits.translates) == ("ignored", None, False)
    assert {field.name for field in fields(Phase)} >= {"every", "no_sync"}
    assert Phase("x", (), lambda _: make_terms(), None).no_sync is nullcontext


@pytest.mark.parametrize("name", contracts.__all__)
def test_every_contract_is_documented(name):
    found = getattr(contracts, name)
    if isinstance(found, type):
        assert found.__doc__
