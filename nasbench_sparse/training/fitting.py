"""Refuses a network that cannot read its data set, or has too few outputs: a pass of one example tells.

On the meta device a pass costs 1.5 s of imports first, and later more than this (resnet20: 50 ms, here 10). All
zeros of a weight are the same one in memory: 303 M weights take 40 MB here, not 1.2 GB.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from nasbench_sparse.data.catalogue import dataset_info
from nasbench_sparse.errors import TaskError

REFUSALS = (RuntimeError, ValueError, IndexError, TypeError)
"""What a forward pass raises on inputs of a wrong shape."""


def check_fit(name: str, network: nn.Module, dataset: str) -> None:
    """Pass an example of zeros through a network of zeros.

    Args:
        name: of the network, for the sentence.
        network: without storage; afterwards its weights are zeros, and it is in evaluation mode.

    Raises:
        TaskError: the network cannot read such examples, naming the layer, or has fewer outputs than the data set
            has classes.
    """
    info = dataset_info(dataset)
    tokens = info.kind == "text"
    zeros = {key: torch.zeros((), dtype=x.dtype).expand(x.shape) for key, x in network.state_dict().items()}
    network.load_state_dict(zeros, assign=True)  # to_empty would import sympy
    inputs = torch.zeros((1, *info.shape), dtype=torch.int64 if tokens else torch.float32)
    with _entered(network) as layers, torch.no_grad():
        try:
            logits = network.eval()(inputs)
        except REFUSALS as error:
            raise TaskError(
                f"network {name!r} cannot read the examples of data set {dataset!r}, of shape {info.shape}: it "
                f"stops at {layers[-1] if layers else 'its first operation'} ({error})"
            ) from error
    answers = inputs.shape if tokens else inputs.shape[:1]
    if logits.shape[:-1] != answers:
        raise TaskError(
            f"network {name!r} answers an example of data set {dataset!r} with shape {tuple(logits.shape[1:])}; "
            f"allowed is {(*answers[1:], info.classes)}"
        )
    if logits.shape[-1] < info.classes:
        raise TaskError(
            f"network {name!r} has {logits.shape[-1]} outputs, and data set {dataset!r} has {info.classes} classes"
        )


@contextmanager
def _entered(network: nn.Module) -> Iterator[list[str]]:
    """List the layers that a pass enters, in words, and what the last one was given."""
    entered: list[str] = []

    def note(name: str, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        shapes = " and ".join(str(tuple(x.shape[1:])) for x in inputs if isinstance(x, Tensor))
        entered.append(f"layer {name!r}, {module}, which is given {shapes}")

    with ExitStack() as stack:
        for name, module in network.named_modules():
            if not any(module.children()):
                hook = module.register_forward_pre_hook(lambda m, x, name=name: note(name, m, x))
                stack.callback(hook.remove)
        yield entered
