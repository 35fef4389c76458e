"""The import path that SCoPe's users know: ``from scope.nn import ScopeNet``.

TensorFlow is loaded at the first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scope.models.networks.scope_net import ScopeNet

__all__ = ["ScopeNet"]


def __getattr__(name: str) -> Any:
    if name == "ScopeNet":
        from scope.models.networks.scope_net import ScopeNet

        return ScopeNet
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
