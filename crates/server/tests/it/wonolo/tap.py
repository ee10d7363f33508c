"""Runs the published Singer tap as it is, against another host than the one fixed in it.

    tap.py URL ARGUMENTS OF tap-wonolo
"""

import sys

from tap_wonolo import client, main

url = sys.argv.pop(1)
as_published = client.WonoloStream.__attrs_post_init__


def elsewhere(stream):
    as_published(stream)
    stream.base_url = f"{url}/api_{stream.api_version}"


client.WonoloStream.__attrs_post_init__ = elsewhere
main()
