"""Networks by name, built with their activations and initialised from a passed generator alone."""

from nasbench_sparse.nn.networks.build import build_network, prunable_layers
from nasbench_sparse.nn.networks.describe import NetworkDescription, describe_networks
from nasbench_sparse.nn.networks.initialise import initialise
from nasbench_sparse.nn.networks.lenet import LeNet5
from nasbench_sparse.nn.networks.mlp import MLP
from nasbench_sparse.nn.networks.same_capacity import same_capacity_densities, same_capacity_network
from nasbench_sparse.nn.networks.small import CNN1D, SmallCNN
from nasbench_sparse.nn.networks.zoo import NETWORKS

__all__ = [
    "CNN1D",
    "MLP",
    "NETWORKS",
    "LeNet5",
    "NetworkDescription",
    "SmallCNN",
    "build_network",
    "describe_networks",
    "initialise",
    "prunable_layers",
    "same_capacity_densities",
    "same_capacity_network",
]
