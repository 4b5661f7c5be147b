"""What is needed to find, check and repeat the run."""

from ganoscope.errors import write_count
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.run.artefacts import Sources
from ganoscope.training.run_folder.trained_run import TrainedRun


def make_chapter(sources: Sources) -> Chapter:
    """Returns the chapter on provenance."""
    again = Section(
        ("To repeat the training:",),
        command=f"ganoscope train --from {sources.trained.path.resolve().name}/run.json NEW_RUN",
    )
    return Chapter("provenance", "Provenance", (Section(tables=(list_facts(sources.trained),)), again))


def list_facts(run: TrainedRun) -> Table:
    """Returns the run's identity."""
    record = run.record
    rows = (
        ("Run", run.path.resolve().name),
        ("Started", record.started),
        ("Sessions", describe_sessions(run)),
        ("Images seen", f"{run.images_seen:,}, in {run.images_seen // record.train.batch_size:,} steps"),
        ("Seed", str(record.train.seed)),
        (
            "Device, precision",
            f"{record.train.device}, {record.train.precision}, "
            f"{write_count(record.train.devices, 'process', 'processes')}",
        ),
        ("ganoscope commit", record.git_commit or "not recorded (installed from a package, or no git)"),
        ("Store", record.store_name),
        ("Store fingerprint", record.store_fingerprint),
        ("Generator weights (SHA-256)", run.weights_sha256),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
    )
    return Table("Identity", ("What", "Value"), rows, words=True)


def describe_sessions(run: TrainedRun) -> str:
    """Returns when each call that trained the run began, and at how many images."""
    sessions = run.record.sessions or [{"started": run.record.started, "images_at_start": 0}]
    begun = "; ".join(f"{one['started']} at {one['images_at_start']:,} images" for one in sessions)
    return f"{len(sessions)}: {begun}"
