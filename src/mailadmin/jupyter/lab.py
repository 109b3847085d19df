"""JupyterLab on the notebooks."""

from __future__ import annotations

import os
from pathlib import Path

from jupyterlab.labapp import LabApp

from .kernels import KERNELS, LARGEST_MESSAGE
from .notebooks import FIRST


def run(folder: Path, *, port: int, ip: str, browser: bool) -> None:
    """Serve the folder until Ctrl-C, behind a token of Jupyter's making."""
    words = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--ServerApp.kernel_spec_manager_class={KERNELS}",
        f"--ServerApp.ip={ip}",
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={browser}",
        f"--ServerApp.tornado_settings={{'websocket_max_message_size': {LARGEST_MESSAGE}}}",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        # Nothing is looked for outside: no news, no list of extensions.
        "--LabApp.extension_manager=readonly",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Whoever runs mailadmin as root has decided that already.
        words.append("--ServerApp.allow_root=True")
    LabApp.launch_instance(words)
