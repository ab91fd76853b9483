"""A task of one's own: learning rate and weight decay of a small network whose layers are pruned to 20 %."""

from nasbench_sparse.core.blueprint import Blueprint, Network, Prune, Recipe, Train
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.search_spaces import Float, HyperparameterConfig
from nasbench_sparse.training.task import TrainingTask

SPACE = HyperparameterConfig(
    (Float("learning_rate", 1e-4, 1e-1, log=True), Float("weight_decay", 1e-6, 1e-2, log=True))
)

TASK = TrainingTask(
    name="digits-small-decay",
    family="digits-small",
    space=SPACE,
    dataset="digits",
    fidelity=Fidelity("epochs", 1, 4),
    objective=Objective("val_loss", "minimize", worst=2.5),
    blueprint=Blueprint(
        Network("mlp", (("inputs", 64), ("hidden", (32,)))),
        (Prune("random", (0.2,)), Train(4, Recipe("adam", schedule="cosine"))),
    ),
)

if __name__ == "__main__":
    import nasbench_sparse as nbs

    result = nbs.run(TASK, "asha", epochs=20, seed=0)
    print(f"validation loss {result.loss:.4f} at {dict(result.config or {})}")
