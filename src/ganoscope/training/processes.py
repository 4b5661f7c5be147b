"""Devices, precision, and the processes of one machine or of many."""

import os
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
from ganoscope.errors import UserError
from ganoscope.parallel import safe_path
from ganoscope.registry import STATED, state_module


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
        UserError: A process failed; its own message is printed above.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // devices)))
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
        with safe_path():
            elastic_launch(settings, start_process)(tuple(STATED), function, *arguments)
    except ChildFailedError as error:
        raise UserError(f"a training process failed: {error.format_msg().splitlines()[0]}") from None


def start_process(modules: tuple[str, ...], function: Callable[..., None], *arguments: object) -> None:
    """Calls the function in a new process, which first gets to know the modules that the user has named.

    Args:
        modules: Dotted names of the user's own modules.
        function: Function to call.
        arguments: Its arguments.
    """
    for name in modules:
        state_module(name)
    function(*arguments)


@dataclass(frozen=True)
class Place:
    """Position of this process among those of a run.

    Attributes:
        device: Device of this process.
        rank: Index of this process.
        world: Number of processes.
    """

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and prints messages."""
        return self.rank == 0


@contextmanager
def join_processes(device: str) -> Iterator[Place]:
    """Yields this process's place; joins the process group where torchrun started several."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Place(torch.device(device))
        return
    local = int(os.environ["LOCAL_RANK"])
    if device == "cuda":
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    yield Place(torch.device(device, local) if device == "cuda" else torch.device("cpu"), dist.get_rank(), world)
    dist.barrier()  # leaving at different times aborts gloo
    dist.destroy_process_group()


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
