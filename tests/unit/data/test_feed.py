"""The feed: whole passes, each image once, however the stream is cut and whoever takes which part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.feed import choose_batch, shuffle

counts = st.integers(1, 30)


def stream(indices, start, cuts, seed):
    batches, seen = [], start
    for size in cuts:
        batches.append(choose_batch(indices, seen, size, seed))
        seen += size
    return np.concatenate(batches)


@given(counts, st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(0, 99))
@settings(deadline=None)
def test_stream_is_one_permutation_after_the_other(count, cuts, seed):
    indices = np.arange(count) * 7 + 3  # positions in the store are not 0, 1, 2, ...
    images = stream(indices, 0, cuts, seed)
    for start in range(0, len(images) - count + 1, count):
        assert sorted(images[start : start + count].tolist()) == indices.tolist()
    rest = images[len(images) // count * count :].tolist()
    assert len(set(rest)) == len(rest)
    assert set(rest) <= set(indices.tolist())


@given(counts, st.integers(0, 500), st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(0, 99))
@settings(deadline=None)
def test_stream_does_not_depend_on_how_it_is_cut_or_where_it_resumes(count, start, cuts, seed):
    indices = np.arange(count) + 100
    whole = choose_batch(indices, 0, start + sum(cuts), seed)
    np.testing.assert_array_equal(stream(indices, start, cuts, seed), whole[start:])


@given(counts, st.integers(0, 500), st.integers(1, 16), st.integers(1, 6))
@settings(deadline=None)
def test_ranks_partition_the_batch(count, seen, per_rank, world):
    """As the training does: every process takes each world-th image, and all together the whole batch."""
    batch = choose_batch(np.arange(count), seen, per_rank * world, 0)
    shares = [choose_batch(np.arange(count), seen, per_rank * world, 0)[rank::world] for rank in range(world)]
    assert {len(share) for share in shares} == {per_rank}
    np.testing.assert_array_equal(np.stack(shares, axis=1).ravel(), batch)


def test_passes_and_seeds_differ():
    orders = {tuple(shuffle(30, seed, epoch).tolist()) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


def test_far_positions_need_no_replay():
    indices = np.arange(10)
    batch = choose_batch(indices, 10**12, 10, 0)
    assert sorted(batch.tolist()) == indices.tolist()


@pytest.mark.parametrize("size", [1, 10, 35])
def test_batch_has_the_size_asked_for(size):
    batch = choose_batch(np.arange(10), 4, size, 0)
    assert (batch.shape, batch.dtype) == ((size,), np.int64)


def test_batches_cannot_disturb_each_other():
    first = choose_batch(np.arange(10), 0, 10, 0)
    expected = first.copy()
    first[:] = -1
    np.testing.assert_array_equal(choose_batch(np.arange(10), 0, 10, 0), expected)


def test_every_pass_has_an_order_of_its_own():
    passes = choose_batch(np.arange(30), 0, 120, 0).reshape(4, 30)
    assert len({tuple(order) for order in passes.tolist()}) == 4
