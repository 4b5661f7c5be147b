"""Translates, measures and writes all images, batch by batch."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ganoscope.counterfactuals.cases import Case, Refused
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.folder import open_folder
from ganoscope.counterfactuals.results import Gathered
from ganoscope.counterfactuals.set_measures import SetMeasures
from ganoscope.counterfactuals.sources import Source
from ganoscope.counterfactuals.translation import Setting, choose_batch, translate_batch
from ganoscope.errors import UserError
from ganoscope.progress import ProgressBar


def translate_all(
    folder: Path, setting: Setting, source: Source, sets: SetMeasures, config: CounterfactualConfig
) -> Gathered:
    """Translates, measures and writes every image; returns what was measured.

    Raises:
        UserError: No image can be taken.
    """
    gathered = Gathered(left_out=source.left_out)
    total = min(source.total, config.number or source.total) if source.total else config.number
    size = config.batch_size or choose_batch(setting.translator.run.record.size, setting.translator.device)
    with open_folder(folder, setting, config) as writer, ProgressBar("translating", total) as bar:
        for cases in make_batches(source.cases, size, config.number, gathered):
            for batch in translate_batch(setting, cases):
                writer.add(batch)
                sets.add(batch)
                gathered.add(batch)
                bar.advance(len(batch.cases))
        if not gathered.targets:
            reasons = Counter(one.reason for one in gathered.refused).most_common(8)
            listed = "".join(f"\n  {count:,} x {reason}" for reason, count in reasons)
            raise UserError(f"no image can be taken; of {len(gathered.refused):,} picture(s):{listed}")
        writer.finish()
    return gathered


def make_batches(
    cases: Iterator[Case | Refused], size: int, most: int | None, gathered: Gathered
) -> Iterator[list[Case]]:
    """Yields cases, `size` at a time and `most` in all; notes the files that are not taken."""

    def take() -> Iterator[Case]:
        for case in cases:
            if isinstance(case, Refused):
                gathered.refused.append(case)
            else:
                yield case

    chosen = islice(take(), most)
    while batch := list(islice(chosen, size)):
        yield batch
