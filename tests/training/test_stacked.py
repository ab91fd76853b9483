from __future__ import annotations

import math
from dataclasses import replace
from itertools import cycle

import pytest

from nasbench_sparse.core.blueprint import Network
from nasbench_sparse.core.config import Value
from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import NbsError, TaskError
from nasbench_sparse.training.encoding import unpack
from nasbench_sparse.training.task import TrainingTask
from tests.training.stacked_problem import ACTIVATIONS, CELLS, OPTIMIZERS, bits, config, stacked_task, trial

Fields = dict[str, Value]

NETWORKS = {
    "plain": Network("mlp", (("inputs", 64), ("hidden", (12, 8)))),
    "batch norm": Network("mlp", (("inputs", 64), ("hidden", (12, 8)), ("batch_norm", True))),
    "skip": Network("mlp", (("inputs", 64), ("hidden", (12, 12, 12)), ("batch_norm", True), ("skip", True))),
}

RECIPES = [
    *(config(optimizer=name, first="scaled swish", weight_decay=1e-2) for name in OPTIMIZERS),
    config(optimizer="sgd", momentum=0.9, schedule="cosine"),
    config(optimizer="sgd", momentum=0.9, weight_decay=1e-3, density=1.0),
    config(optimizer="tadam", first="scaled falu", second="cell", density=0.0),
    config(optimizer="fromage", first="scaled srelu", second="prelu"),
]
ODD_ONES = [
    config(first=name, second=second)
    for name, second in zip((*CELLS, "srelu", "scaled prelu", "falu"), cycle(CELLS), strict=False)
]
ALL = [*RECIPES, *ODD_ONES]


def train_alone(task: TrainingTask, fields: Fields) -> tuple[object, ...]:
    return bits(task.evaluate(trial(fields, fidelity=2)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_first_epochs_agree_with_single_training(name: str) -> None:
    check_agreement(stacked_task(epochs=2), config(first=name, second=name, learning_rate=1e-3))


@pytest.mark.parametrize("fields", RECIPES, ids=lambda fields: fields["optimizer"])
def test_optimizers_agree_with_single_training(fields: Fields) -> None:
    check_agreement(stacked_task(epochs=2), fields)


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_networks_agree_with_single_training(options: Network) -> None:
    fields = config(first="scaled swish")
    if dict(options.options).get("skip"):
        fields["second"] = "scaled swish"
    check_agreement(three_sites(options), fields)


def three_sites(network: Network) -> TrainingTask:
    """Return the task for a network with any number of sites, all of which get the first activation."""
    task = stacked_task(network=network, epochs=2)

    class First(type(task.space)):  # type: ignore[misc]
        def configure(self, blueprint, config):  # type: ignore[no-untyped-def]
            chosen = super().configure(blueprint, config)
            return chosen.with_activations((ACTIVATIONS[config["first"]],))

    return replace(task, space=First())


def check_agreement(task: TrainingTask, fields: Fields) -> None:
    single = replace(task, numerics="single").evaluate(trial(fields, fidelity=2))[0]
    stacked = task.evaluate(trial(fields, fidelity=2))[0]
    assert single.status is stacked.status is Status.OK
    for theirs, ours in zip(single.curves[0], stacked.curves[0], strict=True):
        assert ours.density == theirs.density
        for field in ("train_loss", "val_loss", "test_loss"):
            assert getattr(ours, field) == pytest.approx(getattr(theirs, field), rel=1e-4)
        assert ours.val_accuracy == pytest.approx(theirs.val_accuracy, abs=3 / 359)


def test_result_is_the_same_whoever_shares_the_stack() -> None:
    task = stacked_task(size=8)
    alone = [train_alone(task, fields) for fields in ALL]
    for shift, step in ((0, 1), (3, 1), (5, -1)):
        order = [(shift + step * i) % len(ALL) for i in range(len(ALL))]
        together = task.evaluate_many([trial(ALL[i], fidelity=2) for i in order])
        assert [bits(outcome) for outcome in together] == [alone[i] for i in order]


def test_result_is_the_same_in_every_seat_of_a_stack() -> None:
    task = stacked_task(size=5)
    fields = config(optimizer="fromage", first="scaled srs", second="gelu")
    alone = train_alone(task, fields)
    same = task.evaluate_many([trial(fields, fidelity=2)] * 5)
    assert [bits(outcome) for outcome in same] == [alone] * 5


def test_operators_of_a_full_stack_are_independent() -> None:
    task = stacked_task(size=32, epochs=2)
    names = list(ACTIVATIONS)
    some = [config(first=a, second=b) for a, b in zip(names, reversed(names), strict=True)][:32]
    full = task.evaluate_many([trial(fields, fidelity=1) for fields in some])
    half = task.evaluate_many([trial(fields, fidelity=1) for fields in reversed(some[::2])])
    assert [bits(outcome) for outcome in reversed(half)] == [bits(outcome) for outcome in full[::2]]


@pytest.mark.parametrize("options", list(NETWORKS.values())[1:], ids=list(NETWORKS)[1:])
def test_replicates_and_folds_share_a_stack_without_a_trace(options: Network) -> None:
    task = replace(three_sites(options), folds=3)
    trials = [
        trial(config(first="scaled gelu", optimizer=name), fidelity=1, replicate=r)
        for r, name in enumerate(("adam", "tadam", "sgd"))
    ]
    together = task.evaluate_many(trials)
    assert [bits(outcome) for outcome in together] == [bits(task.evaluate(each)) for each in trials]
    assert [len(evaluation.curves) for evaluation, _ in together] == [3, 3, 3]


@pytest.mark.parametrize("fields", [*RECIPES, *ODD_ONES[:2]], ids=lambda fields: fields["optimizer"])
def test_shorter_is_a_prefix_and_continued_equals_uninterrupted(fields: Fields) -> None:
    task = stacked_task()
    full = task.evaluate(trial(fields))
    short, state = task.evaluate(trial(fields, fidelity=1))
    assert state is not None
    company = trial(config(optimizer="adam", first="elu"))
    continued = task.evaluate_many([trial(fields, resumes_at=1), company], [state, None])[0]
    assert bits(full)[1][0][:1] == bits((short, None))[1][0]  # type: ignore[index]
    assert bits(continued) == bits(full)
    points = full[0].curve
    assert continued[0].seconds == pytest.approx(continued[0].curve[-1].seconds - continued[0].curve[0].seconds)
    assert [point.step for point in points] == [1, 2, 3]


def test_plateau_follows_each_slots_own_validation_losses() -> None:
    task = stacked_task(epochs=6)
    bad = config(optimizer="sgd", learning_rate=3.0, schedule="plateau")
    good = config(optimizer="sgd", learning_rate=0.01, schedule="plateau")
    constant = good | {"schedule": "constant"}
    rough, fine, same = task.evaluate_many([trial(f, fidelity=6) for f in (bad, good, constant)])
    assert bits(fine) == bits(same)  # it fell in every epoch, so the rate stayed
    assert bits(rough) == bits(task.evaluate(trial(bad, fidelity=6)))


def test_diverged_slot_stops_and_leaves_the_others_alone() -> None:
    task = stacked_task()
    wild = config(optimizer="sgd", learning_rate=1e30)
    calm = config(optimizer="sgd", first="scaled swish")
    outcomes = task.evaluate_many([trial(wild), trial(calm, fidelity=2)])
    assert outcomes[0][0].status is Status.DIVERGED
    assert outcomes[0][1] is None
    assert not outcomes[0][0].curves[0]
    assert bits(outcomes[1]) == train_alone(task, calm)


def test_pruned_weights_stay_exactly_zero_and_counts_are_exact() -> None:
    task = stacked_task(size=8)
    fields = [config(optimizer=name, weight_decay=1e-2, momentum=0.9, density=0.3) for name in OPTIMIZERS]
    for _, state in task.evaluate_many([trial(each, fidelity=2) for each in fields]):
        assert state is not None
        tensors = unpack(state)[0]
        for layer, size in enumerate((768, 96, 80)):
            mask = tensors[f"0/state/masks/{layer}"]
            weight = tensors[f"0/state/weights/layers.{layer}.weight"]
            assert int(mask.sum()) == round(0.3 * size)
            assert bool((weight[~mask] == 0.0).all())
            assert int((weight != 0.0).sum()) == round(0.3 * size)


def test_trials_of_other_batch_sizes_or_lengths_come_back_in_order() -> None:
    task = stacked_task()
    fields = [config(batch_size=size) for size in (64, 32, 64, 128)]
    trials = [trial(each, fidelity=f) for each, f in zip(fields, (1, 2, 3, 1), strict=True)]
    outcomes = task.evaluate_many(trials)
    assert [len(evaluation.curve) for evaluation, _ in outcomes] == [1, 2, 3, 1]
    assert bits(outcomes[0])[1][0] == bits(outcomes[2])[1][0][:1]  # type: ignore[index]
    assert outcomes[1][0].curve[0].train_loss != outcomes[3][0].curve[0].train_loss


def test_seconds_are_a_share_of_the_stack() -> None:
    task = stacked_task()
    outcomes = task.evaluate_many([trial(config(first=name)) for name in ("elu", "gelu")])
    steps = [[b.seconds - a.seconds for a, b in zip(e.curve, e.curve[1:], strict=False)] for e, _ in outcomes]
    assert steps[0] == pytest.approx(steps[1])
    assert all(step > 0 for step in steps[0])
    assert math.isclose(outcomes[0][0].seconds, outcomes[0][0].curve[-1].seconds)


@pytest.mark.parametrize(
    "numerics", ["stacked(0)", "stacked()", "stacked(-3)", "stacked(08)", "Stacked(8)", "half"]
)
def test_malformed_numerics_are_refused(numerics: str) -> None:
    with pytest.raises(TaskError, match="allowed are 'single' and 'stacked"):
        replace(stacked_task(), numerics=numerics)


def test_other_networks_cannot_be_stacked() -> None:
    with pytest.raises(TaskError, match="cannot train network 'lenet5', only 'mlp'"):
        stacked_task(network=Network("lenet5"))


def test_layers_without_biases_cannot_be_stacked() -> None:
    with pytest.raises(TaskError, match="cannot train layers without biases"):
        stacked_task(network=Network("mlp", (("inputs", 64), ("hidden", (12, 8)), ("bias", False))))


def test_a_recipe_beyond_stacked_training_is_refused_when_declared_and_when_configured() -> None:
    task = stacked_task()
    with pytest.raises(TaskError, match=r"cannot train with label_smoothing 0\.1 in the recipe"):
        replace(task, blueprint=task.blueprint.with_recipe(label_smoothing=0.1))
    with pytest.raises(TaskError, match=r"cannot train with gradient_clip 1\.0 in the recipe"):
        task.evaluate(trial(config(gradient_clip=1.0)))


def test_stack_is_part_of_the_fingerprint() -> None:
    task = stacked_task(size=16)
    assert (task.stack, replace(task, numerics="single").stack) == (16, 1)
    assert len({task.fingerprint, replace(task, numerics="stacked(8)").fingerprint}) == 2
    assert "stacked" in task.engine


def test_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr("nasbench_sparse.training.stacked.engine.training_device", lambda: torch.device("cuda"))
    with pytest.raises(NbsError, match="trains on the processor, not on cuda"):
        stacked_task().evaluate(trial(config()))
