"""A process killed while it sends: nothing twice, nothing lost, nothing misreported; counted at the server."""

import json
import subprocess
import sys


def test_killed_anywhere_no_message_is_doubled_lost_or_misreported_sm_85() -> None:
    command = [sys.executable, "-m", "tests.kill_sending", "--messages", "40", "--seed", "1"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert {name: found[name] for name in ("messages", "doubles", "lost", "misreported")} == {
        "messages": 40,
        "doubles": 0,
        "lost": 0,
        "misreported": 0,
    }
    assert found["kills"] > 10
    assert 40 - found["unknown"] <= found["accepted"] <= 40
