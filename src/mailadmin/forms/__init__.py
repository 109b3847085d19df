"""What people see: forms to work with, one for each task, and tables and pictures of every answer.

    >>> from mailadmin import forms
    >>> desk = forms.open_desk(practice="sandbox")
    >>> forms.compose(desk)

The names below are loaded when they are first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FORMS = {
    "audit": "inquiring",
    "compose": "composing",
    "configure": "configuring",
    "explain": "explaining",
    "inbox": "inboxing",
    "migrate": "migrating",
    "open_desk": "desk",
    "open_for_edit": "composing",
    "outbox": "outboxing",
    "portal": "portalling",
    "portal_send": "portal_sending",
    "snapshot": "snapshotting",
    "start": "starting",
    "user_settings": "preferring",
}
"""TABLE: every form, by the word a notebook calls it with, and the module it lives in."""


def __getattr__(name: str) -> Any:
    if name not in _FORMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_FORMS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(_FORMS)
