"""Which provider sends by which service."""

from __future__ import annotations

from typing import Any

from ..domain.profiles import ExchangeProfile, ExchangeServerProfile, MailProfile, OutlookProfile, SmtpProfile
from ..domain.services import ServiceKind
from .base import Provider
from .ews import EwsProvider
from .graph import GraphProvider
from .outlook import OutlookProvider
from .smtp import SmtpProvider

PROVIDERS: dict[ServiceKind, type[Provider[Any, Any]]] = {
    ServiceKind.SMTP: SmtpProvider,
    ServiceKind.EXCHANGE: GraphProvider,
    ServiceKind.EXCHANGE_SERVER: EwsProvider,
    ServiceKind.OUTLOOK: OutlookProvider,
}
"""TABLE: the providers by service."""


def provider_for(profile: MailProfile, *, draft_id: str | None = None) -> Provider[Any, Any]:
    """The provider of a profile; `draft_id` is a draft of the message that is already at the server."""
    match profile:
        case SmtpProfile():
            return SmtpProvider(profile)
        case ExchangeProfile():
            return GraphProvider(profile, draft_id=draft_id)
        case ExchangeServerProfile():
            return EwsProvider(profile, draft_id=draft_id)
        case OutlookProfile():
            return OutlookProvider(profile)
