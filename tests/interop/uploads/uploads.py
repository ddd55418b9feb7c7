"""Sends one refused upload after the other with http.client: URL, size, how many. Prints the outcomes as JSON."""

import collections
import http.client
import json
import sys
import urllib.parse

url, size, times = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
headers = {"Authorization": "Bearer a.b.c", "Content-Type": "application/json"}
outcomes = collections.Counter()
for _ in range(times):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    try:
        connection.request("POST", url.path, body=b"x" * size, headers=headers)
        response = connection.getresponse()
        response.read()
        challenged = response.getheader("WWW-Authenticate") is not None
        outcomes[str(response.status) if challenged else f"{response.status} without a challenge"] += 1
    except (OSError, http.client.HTTPException) as error:
        outcomes[type(error).__name__] += 1
    finally:
        connection.close()
print(json.dumps(outcomes))
