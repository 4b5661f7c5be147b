"""Decodes all entries of a listing into an unfinished store, with several processes."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, groupby

from ganoscope.data.prepare.decode import (
    Recipe,
    Result,
    decode_entry,
    holds_many,
)
from ganoscope.data.prepare.decode_alone import decode_alone, rescue_entry
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.listing import Listing, iterate
from ganoscope.errors import UserError
from ganoscope.parallel import FEW, count_cores, make_chunks, map_in_order
from ganoscope.parallel.one_process import ending_process
from ganoscope.progress import ProgressBar

BATCH_BYTES, MOST_TOGETHER = 3 << 20, 128
"""Size and number of files sent to a worker at a time: 50 to 100 ms of work."""


def read_all(listing: Listing, recipe: Recipe, ingest: Ingest, size: int, workers: int) -> int:
    """Decodes the listed entries that are not yet in the store, and writes them; returns the number of processes.

    Args:
        listing: Entries found by the layout.
        recipe: Decoding settings.
        ingest: Unfinished store, which knows how many entries are done.
        size: Height and width of the store's images in pixels.
        workers: Number of decoding processes; 0 for one per core.

    Raises:
        UserError: `workers` is negative.
    """
    processes, batch = choose_workers(listing, size, workers)
    lines = iterate(listing.path, ingest.entries)
    with ProgressBar("reading", listing.files, ingest.files) as bar, ending_process():
        for results in make_chunks(decode_all(lines, recipe, processes, batch), batch):
            for result in results:
                ingest.take(result)
            bar.advance(sum(result.files for result in results))
    return processes


def choose_workers(listing: Listing, size: int, wanted: int) -> tuple[int, int]:
    """Returns (number of processes, entries per batch): smaller batches of large files, series one by one.

    Args:
        listing: Entries found by the layout.
        size: Height and width of the store's images in pixels.
        wanted: Requested number of processes; 0 for one per core.

    Raises:
        UserError: `wanted` is negative.
    """
    if wanted < 0:
        raise UserError(f"--workers must not be negative: got {wanted}; allowed: 1 or more, or 0 for one per core.")
    workers = wanted or (count_cores() if listing.files > FEW else 1)
    series = listing.files > 2 * listing.entries
    fitting = BATCH_BYTES * listing.files // max(1, listing.size)
    return workers, 1 if series else max(1, min(fitting, 2**21 // size**2, MOST_TOGETHER))


def decode_all(lines: Iterable[str], recipe: Recipe, workers: int, batch: int) -> Iterator[Result]:
    """Yields the results in order, decoded by several processes, with few of them in memory at a time.

    Args:
        lines: Lines of the listing.
        recipe: Decoding settings.
        workers: Number of processes.
        batch: Entries per batch.
    """
    for many, run in groupby(lines, key=holds_many):
        if many:
            yield from chain.from_iterable(decode_alone(line, recipe) for line in run)
        else:
            decode, rescue = partial(decode_entry, recipe=recipe), partial(rescue_entry, recipe=recipe)
            yield from map_in_order(decode, run, workers, batch, rescue)
