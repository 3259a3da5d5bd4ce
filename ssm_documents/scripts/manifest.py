"""Writes a backup's manifest to standard output: `manifest.py KEY SHA256 BYTES ENGINE DATABASE ROWS_FILE`.

ROWS_FILE has a line `TABLE COUNT` for each table.
"""

import json
import sys
from pathlib import Path


def main():
    key, sha256, size, engine, database, rows_file = sys.argv[1:]
    lines = [line.split() for line in Path(rows_file).read_text(encoding="utf-8").splitlines()]
    rows = {table: int(count) for table, count in lines}
    manifest = {"key": key, "sha256": sha256, "bytes": int(size), "engine": engine, "database": database, "rows": rows}
    print(json.dumps(manifest, separators=(",", ":")))


if __name__ == "__main__":
    main()
