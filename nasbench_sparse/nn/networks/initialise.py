"""Initial values of a network, drawn from a passed generator alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from nasbench_sparse.errors import TaskError, unknown
from nasbench_sparse.nn.networks.transformer import Learnt

Fill = Callable[[str, Tensor, Tensor | None, int], None]
"""Fills a layer's weight and bias, given its name and fan-in."""

CONSTANT = nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm | nn.GroupNorm
"""Modules whose own reset draws nothing."""

DEVIATION = 0.02


@torch.no_grad()
def initialise(
    network: nn.Module,
    generator: torch.Generator | None,
    scheme: str | None = None,
    fans: Sequence[int] | None = None,
) -> None:
    """Fill every parameter and buffer, in module order.

    Args:
        generator: source of all random values.
        scheme: one of `SCHEMES`: "torch", U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases;
            "kaiming_normal", N(0, 2/fan_in) and zero biases; "normal", N(0, 0.02²) and zero biases; "gpt", the
            same with projections into the residual stream divided by the square root of their number. None means
            the network's attribute `initialisation`, or "torch".
        fans: fan-in of each convolution and linear layer in forward order, where it is to differ from the layer's
            own: the variance of sparse weights is often that of a denser, narrower network.
    Raises:
        UnknownName: another scheme.
        TaskError: a wrong number of fans, or a module whose parameters no scheme fills, by name.

    References:
        He et al. (2015), section 2.2; Radford et al. (2019), section 2.3; Tessera's thesis, section 3.2, for fans
        of the dense counterpart.
    """
    scheme = getattr(network, "initialisation", "torch") if scheme is None else scheme
    if scheme not in SCHEMES:
        raise unknown("initialisation", scheme, SCHEMES)
    fill = SCHEMES[scheme](network, generator)
    layers = [name for name, module in network.named_modules() if is_layer(name, module)]
    if fans is not None and len(fans) != len(layers):
        raise TaskError(f"{len(fans)} fans for {len(layers)} layers ({', '.join(layers)}); give one for each layer")
    given = dict(zip(layers, fans or (), strict=fans is not None))
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            fill(name, module.weight, module.bias, given.get(name, module.weight[0].numel()))
        elif isinstance(module, nn.Embedding):
            module.weight.normal_(0.0, 1.0 if scheme == "torch" else DEVIATION, generator=generator)
        elif isinstance(module, Learnt):
            module.weight.normal_(module.mean, module.deviation, generator=generator)
        elif isinstance(module, CONSTANT):
            module.reset_parameters()
        elif any(True for _ in module.parameters(recurse=False)) and not name.startswith("sites."):
            raise TaskError(
                f"nothing initialises the parameters of {name or 'the network'} ({type(module).__name__})"
            )


def is_layer(name: str, module: nn.Module) -> bool:
    """Return whether a module is a convolution or linear layer, activations left out."""
    return isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear) and not name.startswith("sites.")


def _torch(network: nn.Module, generator: torch.Generator | None) -> Fill:
    def fill(name: str, weight: Tensor, bias: Tensor | None, fan: int) -> None:
        bound = 1.0 / math.sqrt(fan)
        weight.uniform_(-bound, bound, generator=generator)
        if bias is not None:
            bias.uniform_(-bound, bound, generator=generator)

    return fill


def _kaiming_normal(network: nn.Module, generator: torch.Generator | None) -> Fill:
    return _normal_with(generator, lambda name, fan: math.sqrt(2.0 / fan))


def _normal(network: nn.Module, generator: torch.Generator | None) -> Fill:
    return _normal_with(generator, lambda name, fan: DEVIATION)


def _gpt(network: nn.Module, generator: torch.Generator | None) -> Fill:
    residual = [name for name, _ in network.named_modules() if name.endswith(".project")]
    scaled = dict.fromkeys(residual, DEVIATION / math.sqrt(max(1, len(residual))))
    return _normal_with(generator, lambda name, fan: scaled.get(name, DEVIATION))


def _normal_with(generator: torch.Generator | None, deviation: Callable[[str, int], float]) -> Fill:
    def fill(name: str, weight: Tensor, bias: Tensor | None, fan: int) -> None:
        weight.normal_(0.0, deviation(name, fan), generator=generator)
        if bias is not None:
            bias.zero_()

    return fill


SCHEMES: dict[str, Callable[[nn.Module, torch.Generator | None], Fill]] = {
    "gpt": _gpt,
    "kaiming_normal": _kaiming_normal,
    "normal": _normal,
    "torch": _torch,
}
