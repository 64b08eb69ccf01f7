"""The few REST calls a client needs by itself, in threads: the standard library has no other way."""

import asyncio
import json
import urllib.error
import urllib.request


class Refused(Exception):
    """The server answered with a problem; `problem` is its document."""

    def __init__(self, problem):
        super().__init__(problem.get("code"))
        self.problem = problem


def call(url, method, path, body=None, token=None):
    """One call under /api/v1; gives the status and the answer."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


async def ask(url, path, body):
    """A POST that needs no token. Raises Refused, or OSError when nobody answered."""
    status, answer = await asyncio.to_thread(call, url, "POST", path, body)
    if status >= 300:
        raise Refused(answer if isinstance(answer, dict) else {"retry": "later"})
    return answer
