"""The edit of SC-SDC: a dense perceptron made sparse without a change of its capacity."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.search_spaces.edits import Edit


@dataclass(frozen=True)
class WidenSparsely(Edit):
    """Widen a dense perceptron to `width` and mask it to the active weights and the initial variance it had.

    References:
        Tessera's thesis, section 3.2.1 and appendix A.1.1: N_MW is the width here, N_W that of the dense network.
    """

    width: int

    def apply(self, blueprint: Blueprint) -> Blueprint:
        """See `Edit.apply`; the network is a perceptron of equal widths, and the blueprint has a pruning phase."""
        from nasbench_sparse.nn.networks.same_capacity import same_capacity_densities, same_capacity_network

        options = dict(blueprint.network.options)
        shape = (options["inputs"], options["hidden"][0], self.width, len(options["hidden"]), options["classes"])
        kept = {name: bool(options.get(name, False)) for name in ("batch_norm", "skip")}
        network = same_capacity_network(*shape, **kept)
        return replace(blueprint, network=network).with_densities(same_capacity_densities(*shape))
