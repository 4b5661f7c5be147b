"""Everything that the page of a study shows, read from its folder."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ganoscope.data.arrays import load_arrays
from ganoscope.files import refuse_links
from ganoscope.files.records import load_record
from ganoscope.reports.kit.chart_files import WIDE_PX, save_chart
from ganoscope.reports.kit.pictures import Picture, embed_svg, show_file
from ganoscope.studies.analysis import (
    FOLDER,
    arm_grad_cams,
    endpoint_means,
    example_images,
    mean_curves,
    original_goal,
    ssim_distribution,
    subgroup_harms,
    summed_confusion,
)
from ganoscope.studies.arms import ARMS
from ganoscope.studies.design import Design
from ganoscope.studies.judgement import Judgement, load_judgement

RESTORE = "Delete the folder analysis of the study, and run it again."
PLOTS = "plots"
"""Folder of the charts as PNG, in that of the study."""
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Findings:
    """What the page shows.

    Attributes:
        out: Folder of the study.
        design: Its design.
        judgement: Its verdict.
        endpoints: Means of all metrics.
        subgroups: Arms against the baseline in subgroups.
        curves: Mean training curves.
        cells: Cells of confusion matrices.
        goal: Accuracies beside the original goal.
        ssim: Distributions of SSIM, and their values; None where they were left out.
        cams: Heat maps of all arms, and their arrays; None where they were left out.
        examples: Synthetic and real images by class; empty where there are none.
        plots: Whether charts are drawn.
    """

    out: Path
    design: Design
    judgement: Judgement
    endpoints: list[endpoint_means.EndpointMean]
    subgroups: list[subgroup_harms.SubgroupDifference]
    curves: list[mean_curves.CurvePoint]
    cells: list[summed_confusion.SummedCell]
    goal: list[original_goal.ArmAccuracy]
    ssim: tuple[ssim_distribution.SsimDistributions, Arrays] | None
    cams: tuple[arm_grad_cams.GradCams, Arrays] | None
    examples: Arrays
    plots: bool

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, the baseline first."""
        return tuple(dict.fromkeys(level.arm for level in self.judgement.levels if level.arm in ARMS))

    def draw(self, name: str, alt: str, chart: Callable[..., Any], *arguments: Any) -> tuple[Picture, ...]:
        """Returns a chart, which is also written as PNG; nothing where charts are left out.

        Args:
            name: Name of its file.
            alt: What it shows, for readers who can't see it.
            chart: Function that returns a figure.
            *arguments: Arguments of that function.
        """
        if not self.plots:
            return ()
        folder = self.out / PLOTS
        refuse_links(folder)
        folder.mkdir(exist_ok=True)
        return (Picture(embed_svg(save_chart(folder / f"{name}.png", chart, *arguments)), alt, "", width_px=WIDE_PX),)

    def draw_pixels(self, name: str, alt: str, chart: Callable[..., Any], *arguments: Any) -> tuple[Picture, ...]:
        """Returns a chart of many pictures as pixels, which are smaller than SVG; arguments as of `draw`.

        Args:
            name: Name of its file.
            alt: What it shows, for readers who can't see it.
            chart: Function that returns a figure.
            *arguments: Arguments of that function.
        """
        if not self.draw(name, alt, chart, *arguments):
            return ()
        return (show_file(self.out / PLOTS / f"{name}.png", "", alt, WIDE_PX),)

    def list_means(self, part: str, family: str, metric: str) -> Iterator[endpoint_means.EndpointMean]:
        """Yields the means of a metric, arm by arm.

        Args:
            part: What was tested on.
            family: Family of classifiers.
            metric: The metric.
        """
        for one in self.endpoints:
            if (one.part, one.family, one.metric) == (part, family, metric) and one.arm in self.arms:
                yield one


def read_findings(out: Path, design: Design, plots: bool) -> Findings:
    """Returns what the page of a study shows.

    Args:
        out: Folder of the study, decided and analysed.
        design: Its design.
        plots: Whether charts are drawn.

    Raises:
        UserError: An artefact is missing or damaged.
    """
    folder = out / FOLDER
    ssim, cams, examples = (folder / module.ARRAYS for module in (ssim_distribution, arm_grad_cams, example_images))
    return Findings(
        out=out,
        design=design,
        judgement=load_judgement(out),
        endpoints=endpoint_means.TABLE.read(folder),
        subgroups=subgroup_harms.TABLE.read(folder),
        curves=mean_curves.TABLE.read(folder),
        cells=summed_confusion.TABLE.read(folder),
        goal=original_goal.TABLE.read(folder),
        ssim=read_pair(folder / ssim_distribution.FILE, ssim, ssim_distribution.SsimDistributions),
        cams=read_pair(folder / arm_grad_cams.FILE, cams, arm_grad_cams.GradCams),
        examples=load_arrays(examples, RESTORE) if examples.exists() else {},
        plots=plots,
    )


def read_pair(record: Path, arrays: Path, kind: type[Any]) -> Any:
    """Returns a record and its arrays; None where they were left out.

    Args:
        record: File of the record.
        arrays: File of the arrays.
        kind: Dataclass of the record.
    """
    if not record.exists():
        return None
    return load_record(record, kind, 1), load_arrays(arrays, RESTORE)
