"""Devices, precision, and the processes of one machine or of many."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ganoscope.contracts import Phase, Terms
from ganoscope.errors import StoppedError, UserError
from ganoscope.parallel.worker import safe_path
from ganoscope.progress import CONSOLE
from ganoscope.registry import STATED, state_module
from ganoscope.signals import ENDING, Stopped, keep_handlers, list_heeded, raise_on_signals


def choose_device(wanted: str) -> Literal["cpu", "cuda"]:
    """Returns `cpu` or `cuda`.

    Raises:
        UserError: A GPU is requested, and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: this machine has no CUDA device that torch can use; allowed: auto, cpu.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def choose_precision(wanted: Literal["auto", "fp32", "bf16"], device: str) -> Literal["fp32", "bf16"]:
    """Returns `fp32` or `bf16`; auto is bf16 where the processor supports it natively."""
    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if native else "fp32"


def make_autocast(device: str, precision: str) -> Callable[[], AbstractContextManager[object]]:
    """Returns a function that makes the context for computing losses.

    Args:
        device: `cpu` or `cuda`.
        precision: `fp32` or `bf16`.
    """
    if precision == "fp32":
        return nullcontext
    return lambda: torch.autocast(device, torch.bfloat16)


def launch(devices: int, function: Callable[..., None], *arguments: object) -> None:
    """Runs the function in several processes of one machine by PyTorch's own launcher, which `torchrun` uses too.

    Args:
        devices: Number of processes.
        function: Called in each process; must be importable.
        arguments: Its arguments.

    Raises:
        StoppedError: A signal ended the processes.
        UserError: A process failed; its own message is printed above.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // devices)))
    os.environ.setdefault("LOGLEVEL", "CRITICAL")  # of the launcher: the processes tell in words what went wrong
    os.environ["TORCHELASTIC_SIGNALS_TO_HANDLE"] = ",".join(number.name for number in list_heeded())
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    settings = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=devices,
        run_id="ganoscope",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        start_method="spawn",
        max_restarts=0,
    )
    try:
        with keep_handlers(), safe_path():
            elastic_launch(settings, run_process)(tuple(STATED), function, *arguments)
    except SignalException as stop:
        raise StoppedError("the training processes were stopped, see above", int(stop.sigval)) from None
    except ChildFailedError as error:
        codes = [failure.exitcode for failure in error.failures.values()]
        for number in (code - 128 for code in codes if code - 128 in ENDING):
            raise StoppedError("the training processes were stopped, see above", number) from None
        raise UserError(f"a training process failed, see above (exit status {codes})") from None


def run_process(modules: tuple[str, ...], function: Callable[..., None], *arguments: object) -> None:
    """Runs the function in a process of `launch`; what ends it is told in words, and by the exit status.

    Args:
        modules: Dotted names of the user's own modules, which the process gets to know first.
        function: The function to call.
        arguments: Its arguments.
    """
    raise_on_signals()
    leads = os.environ.get("RANK", "0") == "0"
    for name in modules:
        state_module(name)
    try:
        function(*arguments)
    except UserError as error:
        if leads:
            CONSOLE.print(str(error))
        sys.exit(128 + error.number if isinstance(error, StoppedError) else 2)
    except Stopped as stop:
        sys.exit(128 + stop.number)
    except RuntimeError as error:
        if leads:
            raise
        CONSOLE.print(f"a training process ended with the first one: {str(error).splitlines()[0]}")
        sys.exit(1)


@dataclass(frozen=True)
class Place:
    """Position of this process among those of a run.

    Attributes:
        device: Device of this process.
        rank: Index of this process.
        world: Number of processes.
        agree: Returns the largest of the numbers that all processes give: one that is told to stop stops all of them
            after the same step.
    """

    device: torch.device
    rank: int = 0
    world: int = 1
    agree: Callable[[int], int] = int

    @property
    def leads(self) -> bool:
        """Whether this process writes files and prints messages."""
        return self.rank == 0


@contextmanager
def join_processes(device: str) -> Iterator[Place]:
    """Yields this process's place; joins the process group where torchrun started several.

    Raises:
        StoppedError: It was raised inside.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Place(torch.device(device))
        return
    local = int(os.environ["LOCAL_RANK"])
    if device == "cuda":
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    own = torch.device(device, local) if device == "cuda" else torch.device("cpu")
    stop: StoppedError | None = None
    try:
        yield Place(own, dist.get_rank(), world, make_agreement())
    except StoppedError as error:  # in all processes, after the same step
        stop = error
    dist.barrier()  # leaving at different times aborts gloo
    dist.destroy_process_group()
    if stop:
        raise stop


def make_agreement() -> Callable[[int], int]:
    """Returns a function that returns the largest of the numbers that all processes give; a GPU is not waited for."""
    group = dist.new_group(backend="gloo")

    def agree(number: int) -> int:
        given = torch.tensor(number)
        dist.all_reduce(given, dist.ReduceOp.MAX, group)
        return int(given)

    return agree


class PhaseLoss(nn.Module):
    """One phase's loss as a module over the networks that it trains, so that DistributedDataParallel can wrap it."""

    def __init__(self, phase: Phase, networks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({name: networks[name] for name in phase.learns})
        self.loss = phase.loss

    def forward(self, shared: Any) -> Terms:
        """Returns the phase's terms."""
        return self.loss(shared)


def distribute(phase: Phase, networks: Mapping[str, nn.Module]) -> Phase:
    """Returns the phase with gradients averaged over all processes. Batch-norm statistics stay each process's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # its successor does not exist before torch 2.12
        wrapped = DistributedDataParallel(PhaseLoss(phase, networks), broadcast_buffers=False)
    return replace(phase, loss=wrapped, no_sync=wrapped.no_sync)
