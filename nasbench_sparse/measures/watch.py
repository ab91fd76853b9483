"""Watches the outputs of modules while a network runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from torch import Tensor, nn

Watcher = Callable[[Tensor], None]


@contextmanager
def watched(network: nn.Module, watchers: Mapping[str, Watcher]) -> Iterator[None]:
    """Call `watcher(output)` whenever the module of that name has run; the hooks are gone afterwards."""
    with ExitStack() as stack:
        for name, watcher in watchers.items():
            hook = network.get_submodule(name).register_forward_hook(_hook(watcher))
            stack.callback(hook.remove)
        yield


def _hook(watcher: Watcher) -> Callable[[nn.Module, object, Tensor], None]:
    return lambda module, inputs, output: watcher(output)
