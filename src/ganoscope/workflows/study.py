"""`ganoscope study`: does synthetic data help? A frozen design, nested splits, corrected statistics, one verdict."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.generators.timing import COSTS, Cost, keep_costs, recall_costs
from ganoscope.locks import is_vacant, one_writer
from ganoscope.reports.study.page import save_reports
from ganoscope.studies.analysis.analysing import analyse
from ganoscope.studies.analysis.config import AnalysisConfig
from ganoscope.studies.analysis.first_split import FirstSplit
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import FILE, Design, freeze, make_design
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.evidence.held_out_answers import read_patient_variances
from ganoscope.studies.evidence.inner_alarms import tell_inner_alarms
from ganoscope.studies.judgement import Judgement, judge
from ganoscope.studies.needs.cost import TimeLimits, estimate_cost
from ganoscope.studies.pilot import list_pilot_tasks, measure_pilot
from ganoscope.studies.refusals.deciding import refuse_undecidable
from ganoscope.studies.result_tables import gather_tables
from ganoscope.studies.split_tasks import SplitTasks
from ganoscope.tasks.engines import EngineOptions, refuse_missing
from ganoscope.tasks.running import run_tasks

DEFAULTS = StudyConfig()
ENGINE = EngineOptions()
ANALYSIS = AnalysisConfig()
TASKS = "tasks"
"""Folder of the results of tasks, in that of the study."""


def study(
    store: Path,
    out: Path,
    config: StudyConfig = DEFAULTS,
    engine: EngineOptions = ENGINE,
    analysis: AnalysisConfig = ANALYSIS,
    announce: Callable[[Design, list[Cost]], None] = lambda design, costs: None,
) -> Judgement:
    """Compares arms on outer splits of a store, and returns the verdict; repeat the call to resume.

    Args:
        store: Folder of the store.
        out: Folder of the study.
        config: What is compared, and how.
        engine: Where its tasks run.
        analysis: What its report shows besides.
        announce: Called with the frozen design and its estimated cost before anything is trained.

    Raises:
        UserError: The engine is not there, the store does not fit, the design can't decide or differs from the frozen
            one, or tasks failed.
    """
    refuse_missing(engine)
    images = Store.open(store)
    images.verify()
    with one_writer(out):
        refuse_strange(out)
        design, costs = freeze_design(images, out, config, engine)
        announce(design, costs)
        splits = [SplitTasks(design, store.resolve(), number) for number in range(design.plan.count)]
        evaluations = [split.evaluate() for split in splits]
        results = run_tasks(evaluations, out / TASKS, engine, "study", TimeLimits(design, costs).find)
        folders = [results[task.key] for task in evaluations]
        gather_tables(out, folders, splits, out / TASKS)
        means = EstimatedMeans(design.ratio, read_patient_variances(folders), design.config.estimand)
        found = judge(out, folders, design, means, tell_inner_alarms(splits, out / TASKS))
        analyse(out, FirstSplit(splits[0], out / TASKS), analysis, means)
        save_reports(out, design, not analysis.skip_plots)
        return found


def refuse_strange(out: Path) -> None:
    """Refuses a folder that holds something else than a study, or a study whose design is gone.

    Raises:
        UserError: It does.
    """
    if (out / FILE).exists():
        return
    if (out / COSTS).exists():
        raise UserError(
            f"{out / FILE} is missing, and with it what this study was frozen to. Restore it, or begin a new study in "
            "another folder."
        )
    if not (out / TASKS).exists() and not is_vacant(out):
        raise UserError(f"{out} is not empty and holds no study; allowed: a new folder, or that of a study.")


def freeze_design(store: Store, out: Path, config: StudyConfig, engine: EngineOptions) -> tuple[Design, list[Cost]]:
    """Returns (the design of a study, its estimated costs) after freezing it, or comparing it with the frozen one.

    Args:
        store: Store of the study.
        out: Folder of the study.
        config: What is compared, and how.
        engine: Where the tasks of a pilot run.

    Raises:
        UserError: The design does not fit, can't decide, or differs from the frozen one.
    """
    design, cohort, splits = make_design(store, config, (out / FILE).exists())
    costs = recall_costs(out, partial(estimate_cost, design, store)) if config.pilot else []
    if config.pilot:
        tasks = list_pilot_tasks(design, store.path.resolve())
        results = run_tasks(tasks, out / TASKS, engine, "pilot", TimeLimits(design, costs).find)
        found = measure_pilot([results[task.key] for task in tasks], cohort, splits, config)
        design = replace(design, config=replace(config, pilot=0, expected_sd=found))
    refuse_undecidable(design)
    freeze(out, design, store, cohort, splits)
    costs = costs or recall_costs(out, partial(estimate_cost, design, store))
    keep_costs(out, costs)
    return design, costs
