"""What notebooks run in: this Python, the store that was chosen, and Jupyter as mailadmin sets it up.

Law: Jupyter as it is set up here asks nobody outside for anything.
"""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager

from ..bootstrap import STORE_VARIABLE, standing_store

_OURS = Path(__file__).parent


class ThisPython(KernelSpecManager):
    """The one kernel: the Python that runs mailadmin, whatever else is called python3 on this machine."""

    def _kernel_dirs_default(self) -> list[str]:
        return []


LARGEST_MESSAGE = 256 << 20
"""Bytes a page may hand over at once: a file of 150 MB, Exchange's largest, with room. Jupyter Server takes 10 MiB."""

KERNELS = f"{ThisPython.__module__}.{ThisPython.__name__}"


def surround(store: str | None) -> None:
    """Hand on to Jupyter and its kernels the store named, chosen or here, and the set-up that comes with mailadmin."""
    if named := store or standing_store():
        os.environ[STORE_VARIABLE] = named if "://" in named else str(Path(named).resolve())
    for variable, folder in (("JUPYTER_PATH", "share"), ("JUPYTER_CONFIG_PATH", "config")):
        others = os.environ.get(variable)
        os.environ[variable] = os.pathsep.join([str(_OURS / folder), *([others] if others else [])])
