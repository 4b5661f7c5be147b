"""The feed: whole passes, each image once, however the stream is cut, whoever takes which part, wherever pixels lie."""

import gc
import itertools
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.feeding.feed import (
    AHEAD,
    MEMORY_SHARE,
    choose_balanced,
    choose_batch,
    draw_rows,
    feed_images,
    fits,
    group_by_label,
    make_schedule,
    number_device,
    shuffle,
    to_network,
)
from ganoscope.data.store import Store
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.seeds import Stream
from ganoscope.training.processes import join_processes, launch

counts = st.integers(1, 30)
CPU = torch.device("cpu")


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
    orders = {tuple(shuffle(30, (seed, Stream.PASSES), epoch).tolist()) for seed in range(4) for epoch in range(4)}
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


classes_of_sizes = st.lists(st.integers(1, 12), min_size=1, max_size=5)


def make_classes(sizes):
    ends = np.cumsum(sizes)
    return [np.arange(end - size, end) * 3 + 1 for size, end in zip(sizes, ends, strict=True)]


def class_of(classes, batch):
    return np.array([next(c for c, members in enumerate(classes) if image in members) for image in batch], int)


@given(classes_of_sizes, st.integers(1, 40), st.integers(0, 99))
@settings(deadline=None)
def test_balanced_classes_are_equally_frequent_after_every_round(sizes, rounds, seed):
    classes = make_classes(sizes)
    batch = choose_balanced(classes, 0, rounds * len(sizes), seed)
    for row in class_of(classes, batch).reshape(rounds, len(sizes)):
        assert sorted(row.tolist()) == list(range(len(sizes)))


@given(classes_of_sizes, st.integers(0, 99))
@settings(deadline=None)
def test_no_image_of_a_class_comes_again_before_all_others_of_it_have_come(sizes, seed):
    classes = make_classes(sizes)
    batch = choose_balanced(classes, 0, 3 * max(sizes) * len(sizes), seed)
    members = class_of(classes, batch)
    for member, indices in enumerate(classes):
        seen = batch[members == member]
        for start in range(0, len(seen) - len(indices) + 1, len(indices)):
            assert sorted(seen[start : start + len(indices)].tolist()) == indices.tolist()


@given(classes_of_sizes, st.integers(0, 500), st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(0, 9))
@settings(deadline=None)
def test_the_balanced_stream_does_not_depend_on_how_it_is_cut_or_where_it_resumes(sizes, start, cuts, seed):
    classes = make_classes(sizes)
    whole = choose_balanced(classes, 0, start + sum(cuts), seed)
    ends = start + np.cumsum([0, *cuts])
    parts = [choose_balanced(classes, int(seen), size, seed) for seen, size in zip(ends[:-1], cuts, strict=True)]
    np.testing.assert_array_equal(np.concatenate(parts), whole[start:])


def test_balanced_rounds_differ_in_the_order_of_classes_and_between_seeds():
    classes = make_classes([10, 10, 10])
    orders = class_of(classes, choose_balanced(classes, 0, 300, 0)).reshape(100, 3)
    assert len({tuple(order) for order in orders.tolist()}) == 6
    assert choose_balanced(classes, 0, 30, 0).tolist() != choose_balanced(classes, 0, 30, 1).tolist()


def test_far_balanced_positions_need_no_replay():
    batch = choose_balanced(make_classes([4, 2]), 10**12, 8, 0)
    assert len(batch) == 8


def test_classes_are_grouped_by_their_label():
    groups = group_by_label(np.array([4, 7, 9, 11]), np.array(["b", "a", "b", "c"]))
    assert [group.tolist() for group in groups] == [[7], [4, 9], [11]]


@given(st.integers(0, 1000), st.integers(1, 20), st.integers(1, 13), st.integers(0, 9), st.sampled_from(Stream))
@settings(deadline=None)
def test_rows_of_random_numbers_depend_on_their_number_alone(first, count, width, seed, stream):
    whole = draw_rows(seed, stream, 0, first + count, width)
    np.testing.assert_array_equal(draw_rows(seed, stream, first, count, width), whole[first:])
    assert whole.min() >= 0
    assert whole.max() < 1


def test_random_numbers_are_uniform_and_streams_and_seeds_unrelated():
    streams = (Stream.CLASS_ORDER, Stream.LABELS)
    rows = {(seed, stream): draw_rows(seed, stream, 0, 4000, 3).ravel() for seed in (0, 1) for stream in streams}
    for numbers in rows.values():
        share = np.histogram(numbers, 10, (0, 1))[0] / len(numbers)
        assert abs(share - 0.1).max() < 0.01  # 4 standard deviations of a share among 12,000
    for one, other in itertools.combinations(rows.values(), 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.04


@given(
    st.sampled_from(["uint8", "uint16", "int16"]),
    st.floats(-2000, 60_000, width=64),
    st.floats(0.5, 60_000),
    st.integers(0, 99),
)
@settings(deadline=None)
def test_the_device_computes_the_network_range_to_the_same_bits_as_the_map(dtype, low, width, seed):
    info = np.iinfo(dtype)
    intensity = IntensityMap(low, low + width, "grey", dtype)
    pixels = np.random.default_rng(seed).integers(info.min, info.max, (2, 5, 7), dtype, endpoint=True)
    pixels[0, 0, :2] = info.min, info.max
    held = torch.from_numpy(pixels.view(np.int16) if dtype == "uint16" else pixels)
    found = to_network(held, intensity)
    assert (found.shape, found.dtype) == ((2, 1, 5, 7), torch.float32)
    np.testing.assert_array_equal(found[:, 0].numpy(), intensity.to_network(pixels).clip(-1, 1))


def some_store(make_store, dtype, count=23):
    pixels = np.random.default_rng(1).integers(*((0, 256) if dtype == "uint8" else (-900, 3000)), (count, 16, 16))
    return make_store([{}] * count, (pixels * (20 if dtype == "uint16" else 1)).clip(0 if dtype[0] == "u" else -900)
                      .astype(dtype), dtype)  # fmt: skip


@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_held_and_streamed_batches_are_what_the_store_loads(make_store, dtype, hold):
    store = some_store(make_store, dtype)
    indices = np.array([20, 3, 5, 8, 1, 13, 22])  # neither all, nor sorted
    choose = partial(choose_batch, indices, batch_size=4, seed=0)
    feed = feed_images(store, indices, make_schedule(choose, 40, 4), CPU, hold)
    for step in range(9):
        expected = store.load_images(choose(40 + 4 * step)).clip(-1, 1)
        np.testing.assert_array_equal(next(feed).numpy(), expected)


@pytest.mark.parametrize("hold", [False, True])
def test_batches_cannot_disturb_the_store_or_each_other(make_store, hold):
    store = some_store(make_store, "uint8")
    feed = feed_images(store, np.arange(23), itertools.repeat(np.arange(4)), CPU, hold)
    first = next(feed)
    expected = first.clone()
    first.fill_(7)
    assert torch.equal(next(feed), expected)


def test_a_finite_schedule_is_fed_to_its_end(make_store):
    store = some_store(make_store, "uint8")
    for batches in range(AHEAD + 3):
        assert len(list(feed_images(store, np.arange(23), iter([np.arange(2)] * batches), CPU))) == batches


def test_reading_goes_only_so_far_ahead(make_store):
    store = some_store(make_store, "uint8")
    asked = []
    schedule = (asked.append(number) or np.array([number]) for number in range(20))
    feed = feed_images(store, np.arange(23), schedule, CPU, hold=False)
    assert asked == []
    next(feed)
    assert len(asked) == 1 + AHEAD


def test_a_fault_in_the_reading_thread_reaches_the_caller(make_store):
    store = some_store(make_store, "uint8")
    feed = feed_images(store, np.arange(23), itertools.repeat(np.array([23])), CPU, hold=False)
    with pytest.raises(IndexError):
        next(feed)


def test_a_feed_that_is_dropped_leaves_no_thread(make_store):
    feed = feed_images(some_store(make_store, "uint8"), np.arange(23), itertools.repeat(np.arange(4)), CPU)
    next(feed)
    assert any(thread.name.startswith("ganoscope-feed") for thread in threading.enumerate())
    del feed
    gc.collect()
    assert not any(thread.name.startswith("ganoscope-feed") for thread in threading.enumerate())


def test_a_cpu_always_streams_and_a_gpu_holds_what_fits_into_its_share(make_store, monkeypatch):
    store = some_store(make_store, "int16")
    assert not fits(store, 1, CPU)
    gpu, needed = torch.device("cuda", 0), 23 * 16 * 16 * 2
    for free, expected in ((int(needed / MEMORY_SHARE), True), (int(needed / MEMORY_SHARE) - 4, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, 10**12))
        assert fits(store, 23, gpu) is expected


def test_a_gpu_without_a_number_is_the_current_one(monkeypatch):
    """Else the reading thread pins memory through the first GPU, or is refused by torch."""
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    assert number_device(torch.device("cuda")) == torch.device("cuda", 3)
    assert number_device(torch.device("cuda", 1)) == torch.device("cuda", 1)
    assert number_device(CPU) == CPU


@pytest.mark.parametrize(
    "statement", ["import ganoscope.data.prepare", "from ganoscope.cli import execute; execute(['--help'])"]
)
def test_preparing_and_help_import_neither_the_feed_nor_augmentation(statement):
    names = "{'ganoscope.data.feeding.feed', 'ganoscope.data.feeding.augment'}"
    code = f"{statement}; import sys; assert not {names} & {{*sys.modules}}"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def feed_one_pass(path, out, balanced):
    """What each of two processes does: it opens the store itself, and notes which images its batches hold."""
    with join_processes("cpu") as place:
        store = Store.open(path)
        indices = store.indices("train")
        choose = partial(choose_batch, indices, batch_size=4, seed=0)
        if balanced:
            classes = group_by_label(indices, store.column("label")[indices])
            choose = partial(choose_balanced, classes, batch_size=4, seed=0)
        feed = feed_images(store, indices, make_schedule(choose, 0, 4, place.rank, place.world), place.device)
        images = torch.cat([next(feed) for _ in range(len(indices) // 4)])[:, 0]
        np.save(out / f"{place.rank}.npy", store.intensity.to_pixels(images.numpy())[:, 0, 0])


@pytest.mark.slow
@pytest.mark.parametrize("balanced", [False, True])
def test_two_processes_show_each_image_once_in_a_pass(make_store, tmp_path, balanced):
    pixels = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None, None], (24, 16, 16))  # an image is its number
    store = make_store([{"split": "train"}] * 24, pixels)
    launch(2, feed_one_pass, store.path, tmp_path, balanced)
    parts = [np.load(tmp_path / f"{rank}.npy").tolist() for rank in (0, 1)]
    assert [len(part) for part in parts] == [12, 12]
    assert sorted(parts[0] + parts[1]) == list(range(24))  # both classes have 12 images: a balanced pass is a pass
