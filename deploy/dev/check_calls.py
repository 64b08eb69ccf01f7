"""How the checks of check-contracts.py ask a server: as somebody who is signed in, or as nobody."""

import json
import random
import time
import urllib.error
import urllib.request
import uuid

PASSWORD = "correct horse battery"


class User:
    """Somebody who is signed in."""

    def __init__(self, url, name):
        self.url, self.name, self.token = url, name, None
        self.enter("/api/v1/auth/register", 201)

    def another_device(self):
        """The same user, signed in once more."""
        other = object.__new__(User)
        other.url, other.name, other.token = self.url, self.name, None
        other.enter("/api/v1/auth/login", 200)
        return other

    def enter(self, path, expected):
        status, answer = self.ask("POST", path, {"username": self.name, "password": PASSWORD})
        assert status == expected, answer
        self.id, self.token, self.session = answer["user"]["id"], answer["access_token"], answer["session"]["id"]

    def ask(self, method, path, body=None, key=True):
        """The status and the body of the answer."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = uuid7()
        return ask(self.url + path, method, headers, body)


def ask(url, method, headers, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, headers=headers, data=data)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    return status, json.loads(text) if text[:1] in (b"{", b"[") else None


def uuid7():
    value = int(time.time() * 1000) << 80 | 7 << 76 | random.getrandbits(12) << 64 | 2 << 62 | random.getrandbits(62)
    return str(uuid.UUID(int=value))


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def example(operation):
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")
