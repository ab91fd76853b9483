"""The networks by name; a published one is a family's builder with that network's options as defaults.

Every option can be overridden, so small members of a family are `resnet20` with `width` 4 or `mini_gpt` with
`depth` 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from nasbench_sparse.nn.networks.conv import ConvNet
from nasbench_sparse.nn.networks.densenet import DenseNet
from nasbench_sparse.nn.networks.efficientnet import EfficientNet
from nasbench_sparse.nn.networks.gpt import GPT
from nasbench_sparse.nn.networks.lenet import LeNet5
from nasbench_sparse.nn.networks.local_vit import LocalViT
from nasbench_sparse.nn.networks.mlp import MLP
from nasbench_sparse.nn.networks.mobilenet import MobileNetV2
from nasbench_sparse.nn.networks.resnet import ResNet
from nasbench_sparse.nn.networks.small import CNN1D, SmallCNN
from nasbench_sparse.nn.networks.vgg import VGG
from nasbench_sparse.nn.networks.vit import ViT
from nasbench_sparse.nn.networks.wide_resnet import WideResNet

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "cnn1d": CNN1D,
    "conv2": partial(ConvNet, pairs=1),
    "conv4": partial(ConvNet, pairs=2),
    "conv6": partial(ConvNet, pairs=3),
    "densenet40": DenseNet,
    "efficientnet_b0": EfficientNet,
    "lenet5": LeNet5,
    "lenet_300_100": partial(MLP, inputs=784, hidden=(300, 100)),
    "mini_gpt": partial(GPT, depth=3, heads=3, width=192),
    "mlp": MLP,
    "mobilenet_v2": MobileNetV2,
    "resnet18": partial(ResNet, blocks=(2, 2, 2, 2), width=64),
    "resnet20": partial(ResNet, blocks=(3, 3, 3), width=16, shortcut="pad"),
    "resnet32": partial(ResNet, blocks=(5, 5, 5), width=16, shortcut="pad"),
    "resnet32_wide": partial(ResNet, blocks=(5, 5, 5), width=32),  # of Tessera's thesis: 1.9 M parameters
    "resnet50": partial(ResNet, blocks=(3, 4, 6, 3), width=64, classes=1000, stem="7x7", bottleneck=True),
    "sc_sdc_mlp": partial(MLP, inputs=3072, bias=False),  # of Tessera's thesis; `same_capacity` makes its options
    "small_cnn": SmallCNN,
    "small_gpt": partial(GPT, depth=9, heads=9, width=576),
    "snas_mlp": partial(MLP, inputs=3072, hidden=(3076, 3076), batch_norm=True, skip=True),
    "tiny_gpt": partial(GPT, depth=6, heads=6, width=384),
    "vgg11": partial(VGG, layers=(1, 1, 2, 2, 2)),
    "vgg13": partial(VGG, layers=(2, 2, 2, 2, 2)),
    "vgg16": partial(VGG, layers=(2, 2, 3, 3, 3)),
    "vgg19": partial(VGG, layers=(2, 2, 4, 4, 4)),
    "vit_b16": partial(ViT, width=768, depth=12, heads=12),
    "vit_s": partial(ViT, width=384, depth=12, heads=6),
    "vit_small": partial(LocalViT, depth=6, heads=8, hidden=512),
    "vit_ti": partial(ViT, width=192, depth=12, heads=3),
    "vit_tiny": LocalViT,
    "wrn28_10": WideResNet,
}
