"""A call to Graph: who calls, for which mailbox, with what."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .exchange import Actor, Exchange, Item
from .faults import Faults
from .listener import Reply, Request
from .refusals import GraphRefusal

MOST_BYTES = 4 * 2**20
"""Graph reads so much of a request; measured by others as 3,145,611 bytes of a file in base64, which is the same."""

_IMMUTABLE = 'IdType="ImmutableId"'


@dataclass(frozen=True, slots=True)
class Call:
    """A call that may be made. `graph` and `uploads` are the hosts, `https://` and all."""

    request: Request
    actor: Actor
    exchange: Exchange
    faults: Faults
    graph: str
    uploads: str

    @property
    def immutable(self) -> bool:
        """Whether ids are asked for that stay with a message."""
        return _IMMUTABLE.lower() in self.request.header("Prefer").replace(" ", "").lower()

    @property
    def is_mime(self) -> bool:
        """Whether the body is a MIME message in base64, and not JSON."""
        return self.request.header("Content-Type").startswith("text/plain")

    def item(self, name: str) -> Item:
        """A message of the mailbox. Raises GraphRefusal where it is not there."""
        return self.exchange.item(self.actor.mailbox, name)

    def selected(self, whole: Mapping[str, Any], unless_asked: Collection[str] = ()) -> dict[str, Any]:
        """What `$select` asks for of a resource, else all of it but what is told only where it is asked for."""
        if "$select" not in self.request.query:
            return {name: value for name, value in whole.items() if name not in unless_asked}
        names = {"id", *self.request.query["$select"].split(",")}
        return {name: value for name, value in whole.items() if name in names or name.startswith("@")}

    def json(self) -> Any:
        """The body. Raises GraphRefusal where it is no JSON."""
        try:
            return json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise GraphRefusal(
                "BadRequest",
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
                "JSON format.",
            ) from error

    def reply(
        self, status: int, kind: str, content: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A reply of a type, as OData has it."""
        applied = {"Preference-Applied": _IMMUTABLE} if self.immutable else {}
        context = {"@odata.context": f"{self.graph}/v1.0/$metadata#{kind}"}
        return Reply.of(status, context | dict(content), applied | dict(headers or {}))
