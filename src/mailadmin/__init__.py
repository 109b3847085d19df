"""mailadmin: who sends e-mail how, in finPOWER Connect and kindred systems: see it, migrate it, prove it, audit it.

    >>> import mailadmin
    >>> app = mailadmin.connect("mailadmin.db")
    >>> snapshot = mailadmin.migrating.take_snapshot(app, "export/")

The names below are loaded when they are first used (PEP 562), so that importing mailadmin costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bootstrap import App, connect
    from .errors import MailAdminError
    from .usecases import configuring, keeping, migrating

__version__ = "0.1.0"

_PUBLIC = {
    "App": "bootstrap",
    "MailAdminError": "errors",
    "configuring": "usecases",
    "connect": "bootstrap",
    "keeping": "usecases",
    "migrating": "usecases",
}

__all__ = ["App", "MailAdminError", "__version__", "configuring", "connect", "keeping", "migrating"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f".{_PUBLIC[name]}", __name__)
    if _PUBLIC[name] == "usecases":
        return import_module(f".usecases.{name}", __name__)
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
