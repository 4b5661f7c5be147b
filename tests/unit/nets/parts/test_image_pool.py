"""The history of generated images: what goes in comes out, now or later, and nothing else."""

import torch

from ganoscope.nets.parts.image_pool import ImagePool


def numbered(*values):
    return torch.stack([torch.full((1, 4, 4), float(value)) for value in values])


def values(images):
    return images[:, 0, 0, 0].tolist()


def naive_exchange(kept, capacity, batch):
    """The list of the source's authors, one image after the other; draws as the network does, at once for all."""
    order, chance = torch.randperm(capacity).tolist(), torch.rand(len(batch)).tolist()
    full = len(kept) >= capacity
    out = []
    for number, value in enumerate(batch):
        if not full:
            kept.append(value)
            out.append(value)
        elif chance[number] < 0.5:
            out.append(kept[order[number]])
            kept[order[number]] = value
        else:
            out.append(value)
    return out


def test_it_equals_a_plain_list():
    pool, kept = ImagePool(6, 4), []
    for step in range(40):
        batch = [3 * step + 1, 3 * step + 2, 3 * step + 3]
        torch.manual_seed(step)
        found = values(pool.exchange(numbered(*batch)))
        torch.manual_seed(step)
        assert found == naive_exchange(kept, 6, batch)
        assert sorted(value for value in values(pool.images) if value) == sorted(kept)


def test_every_image_comes_out_once_or_is_kept():
    pool, out = ImagePool(5, 4), []
    for step in range(100):
        out += values(pool.exchange(numbered(step + 1)))
        known = out + values(pool.images)
        assert sorted(set(known) - {0}) == list(range(1, step + 2))
        assert len(out) == step + 1
    assert out[:5] == [1, 2, 3, 4, 5]
    past = sum(value != step + 1 for step, value in enumerate(out))
    assert 25 <= past <= 70


def test_room_that_a_batch_only_partly_fits_into_takes_the_place_of_the_oldest():
    pool = ImagePool(3, 4)
    pool.exchange(numbered(1, 2))
    assert values(pool.exchange(numbered(3, 4))) == [3, 4]
    assert sorted(values(pool.images)) == [2, 3, 4]


def test_no_room_and_batches_beyond_the_room_are_no_fault():
    images = numbered(1, 2, 3)
    assert torch.equal(ImagePool(0, 4).exchange(images), images)
    pool = ImagePool(2, 4)
    pool.exchange(numbered(8, 9))
    for _ in range(10):
        assert values(pool.exchange(images))[2] == 3


def test_its_state_goes_on_as_if_nothing_had_happened():
    pool, other = ImagePool(4, 4), ImagePool(4, 4)
    for step in range(7):
        pool.exchange(numbered(step))
    other.load_state_dict(pool.state_dict())
    for one in (pool, other):
        torch.manual_seed(3)
        one.result = torch.cat([one.exchange(numbered(step)) for step in range(20, 30)])
    assert torch.equal(pool.result, other.result)
    assert pool.seen == other.seen == 17
