"""Layout `used_not_used`: three domains, unseen images apart."""

from collections import Counter

import pytest
from tests.fixtures.listings import entries, faults, listing


@pytest.mark.parametrize(
    "names",
    [
        ("real_used", "real_not_used", "generated"),
        ("Real-Used", "REAL NOT USED", "Generated"),
        ("used", "unused", "generated"),
    ],
)
def test_used_not_used_folders_give_domains_and_keep_unseen_images_apart(make_source, names):
    source = make_source({f"{name}/deep/{k}.png": b"" for name in names for k in range(2)} | {"other/1.png": b""})
    items = entries(source, "used_not_used")
    assert Counter((item.label, item.split) for item in items) == {
        ("real_used", "train"): 2,
        ("real_not_used", "test"): 2,
        ("generated", "train"): 2,
        ("", ""): 1,
    }
    assert list(faults(items)) == ["other/1.png"]


def test_all_three_domains_are_needed(make_source):
    listing(make_source({"real_used/1.png": b"", "generated/1.png": b""}))
