"""ASNI-II: an initialisation of two numbers a layer, and its file.

What is stored for a layer of n weights with s survivors: its name and shape, two numbers, a bitmap of the
survivors (n bits) and a bitmap of which of them are positive (s bits), both in flat order, most significant bit
first. Masks and initial weights are rebuilt from that alone. What no layer and no normalisation holds, such as a
position embedding, is stored as it is, and the metadata say whatever the writer wants to know again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nasbench_sparse.errors import TaskError

OTHERS = "others/"
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)


@dataclass(frozen=True, slots=True, eq=False)
class QuantisedLayer:
    """A layer's mask, signs and two numbers.

    Args:
        name: of the layer.
        positive: value of positive survivors, a float32; 0 where there is none.
        negative: value of negative survivors, likewise.
        mask: boolean, of the weight's shape; True is alive.
        signs: boolean, of the same shape; True is a survivor that is not negative.
    """

    name: str
    positive: float
    negative: float
    mask: Tensor
    signs: Tensor

    @property
    def weight(self) -> Tensor:
        """The initial weight, float32."""
        values = torch.where(self.signs, self.positive, self.negative).to(torch.float32)
        return values.masked_fill(~self.mask, 0.0)


Quantised = tuple[QuantisedLayer, ...]


def quantise(layers: Sequence[tuple[str, Tensor]], masks: Sequence[Tensor]) -> Quantised:
    """Replace positive survivors by their mean and negative ones by theirs, layer by layer.

    Means are taken in double precision and rounded to float32. A survivor that is exactly zero counts as positive.

    References:
        ASNI (Damadi et al., 2022), algorithm 3, lines 12 to 19.
    """
    return tuple(_layer(name, weight.detach(), mask) for (name, weight), mask in zip(layers, masks, strict=True))


def _layer(name: str, weight: Tensor, mask: Tensor) -> QuantisedLayer:
    signs = mask & (weight >= 0)
    return QuantisedLayer(name, _mean(weight[signs]), _mean(weight[mask & ~signs]), mask, signs)


def _mean(values: Tensor) -> float:
    return float(values.double().mean().float()) if values.numel() else 0.0


def initial_values(network: nn.Module, quantised: Quantised) -> dict[str, Tensor]:
    """Return the network's state with the two-number weights, biases 0, and normalisations as new.

    Weights of a normalisation are 1 and its running statistics are reset. Other parameters and buffers keep their
    values. The network is not changed.

    References:
        ASNI (Damadi et al., 2022), section 4.1.
    """
    state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    return state | reset_values(network) | {f"{layer.name}.weight": layer.weight for layer in quantised}


def reset_values(network: nn.Module) -> dict[str, Tensor]:
    """Return what ASNI-II gives every network: biases 0, weights of a normalisation 1 and its statistics as new."""
    state, found = network.state_dict(), {}
    for name, module in network.named_modules():
        if isinstance(module, NORMS):
            for buffer, start in (
                ("weight", 1),
                ("running_mean", 0),
                ("running_var", 1),
                ("num_batches_tracked", 0),
            ):
                if f"{name}.{buffer}" in state:
                    found[f"{name}.{buffer}"] = torch.full_like(state[f"{name}.{buffer}"], start)
    biases = (name for name, _ in network.named_parameters() if name.rpartition(".")[2] == "bias")
    return found | {name: torch.zeros_like(state[name]) for name in biases}


def save(
    quantised: Quantised,
    path: Path,
    others: Mapping[str, Tensor] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write the two numbers, shape, survivors and signs of each layer to a safetensors file.

    Args:
        others: further tensors by name, stored as they are.
        metadata: texts by name, see `load_rest`.
    """
    from safetensors.torch import save_file

    save_file(
        {f"{OTHERS}{name}": tensor.contiguous() for name, tensor in (others or {}).items()}
        | {
            f"{index:04d}/{layer.name}/{part}": tensor
            for index, layer in enumerate(quantised)
            for part, tensor in (
                ("numbers", torch.tensor([layer.positive, layer.negative], dtype=torch.float32)),
                ("shape", torch.tensor(layer.mask.shape, dtype=torch.int64)),
                ("survivors", _packed(layer.mask)),
                ("signs", _packed(layer.signs[layer.mask])),
            )
        },
        path,
        dict(metadata or {}),
    )


def load(path: Path) -> Quantised:
    """Rebuild masks, signs and numbers from the file alone.

    Raises:
        TaskError: the file is no two-number initialisation.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
        names = sorted(name.removesuffix("/numbers") for name in tensors if name.endswith("/numbers"))
        return tuple(_rebuilt(name, tensors) for name in names)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise TaskError(f"{path} is no two-number initialisation written by `save`: {error}") from error


def load_rest(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the other tensors and the metadata of a file.

    Raises:
        TaskError: the file is no two-number initialisation.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            names = [name for name in file.keys() if name.startswith(OTHERS)]  # noqa: SIM118 - no mapping
            return {name.removeprefix(OTHERS): file.get_tensor(name) for name in names}, file.metadata() or {}
    except SafetensorError as error:
        raise TaskError(f"{path} is no two-number initialisation written by `save`: {error}") from error


def _rebuilt(name: str, tensors: dict[str, Tensor]) -> QuantisedLayer:
    shape = tensors[f"{name}/shape"].tolist()
    mask = _unpacked(tensors[f"{name}/survivors"], int(np.prod(shape))).view(shape)
    signs = torch.zeros_like(mask)
    signs[mask] = _unpacked(tensors[f"{name}/signs"], int(mask.sum()))
    positive, negative = tensors[f"{name}/numbers"].tolist()
    return QuantisedLayer(name.partition("/")[2], positive, negative, mask, signs)


def _packed(bits: Tensor) -> Tensor:
    return torch.from_numpy(np.packbits(bits.flatten().cpu().numpy()))


def _unpacked(bits: Tensor, count: int) -> Tensor:
    return torch.from_numpy(np.unpackbits(bits.numpy(), count=count).astype(bool))
