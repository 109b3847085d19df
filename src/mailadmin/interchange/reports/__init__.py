"""Reports a consultant hands to a client: one content value, drawn by pure functions as HTML, XLSX and PDF."""
