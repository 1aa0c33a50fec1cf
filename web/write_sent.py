"""Write the page's own modules into a folder as a server sends them: python web/write_sent.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

from pktvisor.server.page import sources

for path, body in sources().items():
    if path.startswith("app/"):
        file = Path(sys.argv[1]) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
