"""Write them all anew. Usage: PYTHONPATH=release python -m shell_files. A test fails if they are out of date."""

from __future__ import annotations

from shell_files.files import files

for path, text in files().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
