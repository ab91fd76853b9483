"""A chain with other optimizers in its stages, as the command line asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nasbench_sparse.cli.arguments import split_options
from nasbench_sparse.errors import NbsError, unknown
from nasbench_sparse.registry import load_chain, load_optimizer
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.suite import Contender


def asked_chain(name: str, stages: Sequence[str]) -> Chain:
    """Find a chain, and put other optimizers into stages, also of the baselines that are searched.

    Budgets stay. The chain gets a name of its own, which says what was put where.

    Args:
        stages: "STAGE=OPTIMIZER" or "STAGE=OPTIMIZER,KEY=VALUE,...".
    Raises:
        UnknownName: no such chain, stage, optimizer or option.
        NbsError: a text of another form, or a stage given twice.
    """
    chain = load_chain(name)
    if not stages:
        return chain
    chosen: dict[str, Contender] = {}
    for text in stages:
        stage, contender = _read(text)
        if stage not in {own.name for own in chain.stages}:
            raise unknown(f"stage of chain {chain.name!r}", stage, (own.name for own in chain.stages))
        if stage in chosen:
            raise NbsError(f"--stage {stage} is given twice; give each stage once")
        chosen[stage] = contender
    return _with(chain, chosen, "".join(f"-{text.replace(',', '-')}" for text in stages))


def _read(text: str) -> tuple[str, Contender]:
    stage, equals, rest = text.partition("=")
    optimizer, *options = rest.split(",")
    if not (stage and equals and optimizer):
        raise NbsError(f"--stage {text!r} cannot be read; write STAGE=OPTIMIZER or STAGE=OPTIMIZER,KEY=VALUE")
    (own,) = split_options(options, [load_optimizer(optimizer)])
    return stage, Contender(optimizer, own)


def _with(chain: Chain, chosen: Mapping[str, Contender], ending: str) -> Chain:
    stages = tuple(replace(stage, optimizer=chosen.get(stage.name, stage.optimizer)) for stage in chain.stages)
    confirm = chain.confirm
    if confirm is not None:
        baselines = (_with(b, chosen, "") if isinstance(b, Chain) else b for b in confirm.baselines)
        confirm = replace(confirm, baselines=tuple(baselines))
    return replace(chain, name=chain.name + ending, stages=stages, confirm=confirm)
