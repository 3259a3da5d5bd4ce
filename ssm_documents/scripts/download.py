"""Fetches an object from S3 into a file: `download.py BUCKET KEY FILE`. Prints `SHA256 BYTES` of what arrived."""

import hashlib
import sys
from pathlib import Path

import boto3

PIECE = 1 << 20


def main():
    bucket, key, target = sys.argv[1:]
    path = Path(target)
    boto3.client("s3").download_file(bucket, key, str(path))
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    print(digest.hexdigest(), path.stat().st_size)


if __name__ == "__main__":
    main()
