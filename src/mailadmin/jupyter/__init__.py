"""The notebooks as a place to work: JupyterLab for those who want cells, Voilà for those who want pages."""

import sys

# jsonschema imports it where it is there, for a format no notebook uses, and it builds a grammar for two seconds.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
