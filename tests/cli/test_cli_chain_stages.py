from __future__ import annotations

import pytest

from nasbench_sparse.cli.chain_stages import asked_chain
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.runner.chain import Chain

NAME = "safs-digits-mlp-95"


def test_a_stage_takes_another_optimizer_also_in_baselines() -> None:
    old, new = asked_chain(NAME, ()), asked_chain(NAME, ("operators=sa,calibration=2,steps=3",))
    assert [stage.optimizer.optimizer for stage in new.stages] == ["sa", "smac"]
    assert dict(new.stages[0].optimizer.options) == {"calibration": 2, "steps": 3}
    assert [stage.budget for stage in new.stages] == [stage.budget for stage in old.stages]
    assert new.stages[1] == old.stages[1]
    alone = {b.name: b for b in new.baselines if isinstance(b, Chain)}
    assert alone["stage 1 only"].stages == new.stages[:1]
    assert alone["stage 2 only"].stages[0].optimizer == old.stages[1].optimizer
    assert new.name == f"{NAME}-operators=sa-calibration=2-steps=3"
    assert new.task.fingerprint == old.task.fingerprint


@pytest.mark.parametrize(
    ("stages", "error", "message"),
    [
        (("operator=sa",), UnknownName, "operators"),
        (("operators",), NbsError, "write STAGE=OPTIMIZER"),
        (("operators=sb",), UnknownName, "'sb'"),
        (("operators=sa,step=3",), UnknownName, "steps"),
        (("operators=sa", "operators=random"), NbsError, "given twice"),
    ],
)
def test_stages_that_cannot_be_are_refused(stages: tuple[str, ...], error: type[NbsError], message: str) -> None:
    with pytest.raises(error, match=message):
        asked_chain(NAME, stages)
