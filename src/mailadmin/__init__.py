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
    from .domain.messages import Address, Attachment, Message
    from .errors import MailAdminError
    from .forms import display, pictures
    from .resolution.provenance import Context
    from .usecases import (
        auditing,
        configuring,
        keeping,
        maintaining,
        migrating,
        reaching,
        reconciling,
        sandboxing,
        sending,
        switching,
        tabulating,
        verifying,
    )

__version__ = "0.1.0"

_PUBLIC = {
    "Address": "domain.messages",
    "App": "bootstrap",
    "Attachment": "domain.messages",
    "Context": "resolution.provenance",
    "MailAdminError": "errors",
    "Message": "domain.messages",
    "auditing": "usecases",
    "configuring": "usecases",
    "connect": "bootstrap",
    "display": "forms",
    "keeping": "usecases",
    "maintaining": "usecases",
    "migrating": "usecases",
    "pictures": "forms",
    "reaching": "usecases",
    "reconciling": "usecases",
    "sandboxing": "usecases",
    "sending": "usecases",
    "switching": "usecases",
    "tabulating": "usecases",
    "verifying": "usecases",
}

__all__ = [
    "Address",
    "App",
    "Attachment",
    "Context",
    "MailAdminError",
    "Message",
    "__version__",
    "auditing",
    "configuring",
    "connect",
    "display",
    "keeping",
    "maintaining",
    "migrating",
    "pictures",
    "reaching",
    "reconciling",
    "sandboxing",
    "sending",
    "switching",
    "tabulating",
    "verifying",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _PUBLIC[name] in {"forms", "usecases"}:
        return import_module(f".{_PUBLIC[name]}.{name}", __name__)
    return getattr(import_module(f".{_PUBLIC[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
