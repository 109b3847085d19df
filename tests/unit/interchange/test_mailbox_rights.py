"""Exchange exports as administrators make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailadmin.audit.gates import SEND_AS, SEND_ON_BEHALF, Exported, Mailbox, MailboxRight
from mailadmin.errors import SourceRejected
from mailadmin.interchange.mailbox_rights import read_mailbox_rights

SEND_AS_FILE = """\
#TYPE Microsoft.Exchange.Management.RecipientTasks.RecipientPermission
"Identity","Trustee","TrusteeSidString","AccessControlType","AccessRights","IsInherited"
"lending","ann@kowhai.example","S-1-5-21","Allow","{SendAs}","False"
"lending","NT AUTHORITY\\SELF","S-1-5-10","Allow","SendAs","False"
"lending","eve@kowhai.example","S-1-5-22","Deny","SendAs","False"
"lending","All Staff","S-1-5-23","Allow","SendAs","False"
"""


def read(folder: Path, text: str, encoding: str = "utf-8") -> Exported:
    (folder / "export.csv").write_bytes(text.encode(encoding))
    return read_mailbox_rights([folder / "export.csv"])


def on_behalf(folder: Path, cell: str, encoding: str = "utf-8") -> list[str]:
    text = f'"DisplayName";"PrimarySmtpAddress";"GrantSendOnBehalfTo"\r\n"Lending";"l@kowhai.example";"{cell}"\r\n'
    return [right.trustee for right in read(folder, text, encoding).rights]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_recipient_permissions_in_every_encoding_powershell_writes(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, SEND_AS_FILE, encoding)
    assert found.rights == (
        MailboxRight("lending", "ann@kowhai.example", SEND_AS),
        MailboxRight("lending", "All Staff", SEND_AS),
    )
    assert found.kinds == {SEND_AS}


@pytest.mark.parametrize(
    ("cell", "trustees"),
    [
        ("", []),
        ("Ann Lee", ["Ann Lee"]),
        ("Ann Lee;Bob Ray", ["Ann Lee", "Bob Ray"]),
        ("{Ann Lee, Bob Ray}", ["Ann Lee", "Bob Ray"]),
        ("{}", []),
        ("ann@kowhai.example, bob@kowhai.example", ["ann@kowhai.example", "bob@kowhai.example"]),
        ("Lee, Ann", ["Lee, Ann"]),
        ("Lee, Ann;Ray, Bob", ["Lee, Ann", "Ray, Bob"]),
        ("Ann Lee\nBob Ray", ["Ann Lee", "Bob Ray"]),
    ],
)
def test_a_list_in_a_cell_is_parted_where_it_can_be_told(tmp_path: Path, cell: str, trustees: list[str]) -> None:
    assert on_behalf(tmp_path, cell) == trustees


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("System.Collections.ArrayList", "is not the list, but its type"),
        ("System.Object[]", "is not the list, but its type"),
        ("Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.Directory.ADObjectId]", "its type"),
        ("{Ann Lee, Bob Ray, Cia Fox, Dan Poe...}", "PowerShell cut the list"),
    ],
)
def test_a_list_that_is_not_there_is_a_problem_and_never_an_empty_list(tmp_path: Path, cell: str, what: str) -> None:
    with pytest.raises(SourceRejected, match=r"export\.csv, row 2") as refused:
        on_behalf(tmp_path, cell)
    (problem,) = refused.value.problems
    assert what in problem.what
    assert "-join ';'" in problem.remedy


def test_a_mailbox_is_known_by_everything_it_is_called(tmp_path: Path) -> None:
    text = (
        "Identity,Alias,DisplayName,UserPrincipalName,PrimarySmtpAddress,GrantSendOnBehalfTo\n"
        "Lending,lend,Lending Team,lending@kowhai.onmicrosoft.example,lending@kowhai.example,ann\n"
    )
    found = read(tmp_path, text)
    names = ("Lending", "lend", "Lending Team", "lending@kowhai.onmicrosoft.example", "lending@kowhai.example")
    assert found.mailboxes == (Mailbox("lending@kowhai.example", names),)
    assert found.rights == (MailboxRight("lending@kowhai.example", "ann", SEND_ON_BEHALF),)


def test_names_alone_tell_no_rights_and_say_so(tmp_path: Path) -> None:
    found = read(tmp_path, "DisplayName,PrimarySmtpAddress\nLending,lending@kowhai.example\n")
    assert (found.rights, found.kinds) == ((), frozenset())
    assert found.notes == ("export.csv: tells names and addresses, and no rights",)


def test_every_problem_of_all_files_is_told_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("User,FullAccess\nann,yes\n")
    (tmp_path / "b.csv").write_text("Identity,Trustee,AccessRights\nlending,,SendAs\n")
    with pytest.raises(SourceRejected) as refused:
        read_mailbox_rights([tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"])
    told = [str(problem) for problem in refused.value.problems]
    assert told[0].startswith(
        "a.csv: is no export of mailbox rights that is known; its columns are 'User', 'FullAccess'"
    )
    assert told[1:] == [
        "b.csv, row 2: Identity or Trustee is blank (Export it again.)",
        "c.csv: c.csv cannot be read: No such file or directory.",
    ]


def test_a_file_with_every_column_there_is_is_refused_and_not_taken_for_empty(tmp_path: Path) -> None:
    header = ["GrantSendOnBehalfTo", *[f"Property{n}" for n in range(300)]]
    with pytest.raises(SourceRejected, match="has 301 columns, more than 256"):
        read(tmp_path, ",".join(header) + "\n")
