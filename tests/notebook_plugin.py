"""An early pytest plugin (`-p tests.notebook_plugin`): notebooks are collected in a third of the time.

jsonschema, which checks every notebook, imports `rfc3987_syntax` if it is there, and that builds a grammar for two
seconds. Without it only the check of a format no notebook uses (`iri`) is left out.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
