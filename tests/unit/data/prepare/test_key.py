"""The key: private, outside the store, never overwritten."""

import pytest
from tests.fixtures.prepared import SMALL

from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare


def test_an_older_key_is_never_overwritten(make_source, target, pictures):
    target.with_name("store.key.csv").write_text("precious")
    with pytest.raises(UserError, match="may be the only key to an earlier store"):
        prepare(make_source(pictures), target, SMALL)
    assert target.with_name("store.key.csv").read_text() == "precious"


def test_the_key_may_not_lie_in_the_store(make_source, target, pictures):
    with pytest.raises(UserError, match="must not be inside the store"):
        prepare(make_source(pictures), target, SMALL, key=target / "key.csv")
