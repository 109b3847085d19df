"""The rights a message needs."""

from mailadmin.domain.messages import Address, Attachment, Message, Outgoing
from mailadmin.providers.graph_rights import rights_needed


def needed(sender: str, *files: Attachment) -> tuple[str, ...]:
    message = Message(to=(Address("x@d.test"),), attachments=files)
    outgoing = Outgoing(
        message=message,
        sender=Address(sender),
        message_id=f"<{'0' * 32}@d.test>",
        date="2026-11-23T00:00:00+00:00",
        recipients=message.recipients,
    )
    return rights_needed(outgoing, "lending@d.test")


def test_the_mailbox_itself_needs_the_two_permissions() -> None:
    assert needed("LENDING@d.test") == (
        "Mail.ReadWrite (application): keep the draft",
        "Mail.Send (application): send it",
    )


def test_another_from_needs_a_right_in_exchange_too() -> None:
    assert needed("group@d.test", Attachment("a.pdf", b"")) == (
        "Mail.ReadWrite (application): keep the draft and its attachments",
        "Mail.Send (application): send it",
        "Send As or Send on Behalf (Exchange): lending@d.test on group@d.test",
    )
