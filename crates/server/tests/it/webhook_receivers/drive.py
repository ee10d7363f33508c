"""Reads cases from standard input, and says of each what the receiver gave, or null."""

import json
import sys

from receiver import verify


def event(case):
    try:
        return verify(case["secret"], case["headers"], case["body"].encode())
    except Exception:
        return None


json.dump([event(case) for case in json.load(sys.stdin)], sys.stdout)
