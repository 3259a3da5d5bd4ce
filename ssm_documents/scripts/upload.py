"""Streams standard input to S3: `upload.py BUCKET KEY`. Prints `SHA256 BYTES` of what was sent.

Nothing is kept on the host's disk, and the checksum is that of the bytes that left it.
"""

import hashlib
import sys

import boto3


class Measured:
    """A readable stream that counts and hashes what is read from it."""

    def __init__(self, stream):
        self.stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size=-1):
        data = self.stream.read(size)
        self.digest.update(data)
        self.size += len(data)
        return data


def main():
    bucket, key = sys.argv[1:]
    source = Measured(sys.stdin.buffer)
    boto3.client("s3").upload_fileobj(source, bucket, key)
    print(source.digest.hexdigest(), source.size)


if __name__ == "__main__":
    main()
