"""Customer portals and the contacts their users may write to (Vision33 Portals).

"Enable SSL" there means SSL *or* TLS: STARTTLS, unless the port is 465.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from .keys import STRICT, Line, Name
from .services import SecretRef

PORTAL_FEATURES: tuple[str, ...] = ("order_pad", "password_reset", "user_initiated")
"""TABLE: the features known to have a From address of their own; a portal may name others."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class FeatureSender:
    """The From address of one feature."""

    feature: Name
    address: Line


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Portal:
    """One portal's e-mail settings. `senders` count only while `override_from` is ticked."""

    code: Name
    default_from: Line | None = None
    override_from: bool = False
    smtp_server: Line | None = None
    smtp_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    user_name: Line | None = None
    password: SecretRef | None = None
    enable_ssl: bool = False
    senders: tuple[FeatureSender, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Contact:
    """A contact person of one business partner."""

    business_partner: Name
    name: Line
    email: Line
    active: bool = True
