"""Data sets to fetch: each states page, licence and citation."""

import pytest

from ganoscope.data.fetch import FetchConfig, available, describe_source, find_source
from ganoscope.errors import UserError
from ganoscope.workflows.fetch import fetch

KAGGLE = ("rsna", "paediatric-cxr", "brain-mri")


MEDMNIST = tuple(name for name in available() if name.endswith("mnist"))


def test_every_data_set_states_page_licence_and_citation():
    assert set(KAGGLE) | {"pneumoniamnist"} <= set(available())
    for name in available():
        source = find_source(name)
        text = describe_source(source)
        assert all(part in text for part in (source.page, source.licence, source.citation))
        assert source.page.startswith("https://")
        assert source.client == "medmnist" if name in MEDMNIST else source.client.startswith("kaggle")


@pytest.mark.parametrize(
    ("name", "size", "allowed"), [("rsna", 64, "one size only"), ("octmnist", 32, "28, 64, 128, 224")]
)
def test_sizes_that_do_not_exist_are_refused(tmp_path, name, size, allowed):
    with pytest.raises(UserError, match=rf"got {size}.*{allowed}"):
        fetch(name, tmp_path / "out", FetchConfig(size))
