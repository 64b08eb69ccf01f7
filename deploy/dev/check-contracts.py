#!/usr/bin/env python3
"""Holds a live server to its contracts: python check-contracts.py PARLOUR [SECONDS] [SEED]

1. The documents it serves are the committed ones, they are valid OpenAPI 3.1 and AsyncAPI 3.0, and every frame has examples that are
   as its schema says.
2. Three users: whatever belongs to the chat of the first two answers a stranger exactly as if the chat did not exist, and nothing
   that wants a token answers without one.
3. Two of them talk over the socket, and every frame is as its document says.
4. schemathesis sends what the document allows, and what it does not, for SECONDS: every answer must be one the document describes.

Run by deploy/dev/check-contracts, which sees to the Python packages. Prints each contradiction on a line and fails if there is one.
"""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

import jsonschema
import openapi_spec_validator

import check_socket

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASYNCAPI_SCHEMA = ROOT / ".dev/asyncapi-specs/package/schemas/3.0.0.json"
SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
PASSWORD = "correct horse battery"
# The limits protect a node from one address; here one address asks as much as it can.
SETTINGS = {
    "PARLOUR_LISTEN": "127.0.0.1:0",
    "PARLOUR_ADMIN_LISTEN": "127.0.0.1:0",
    "PARLOUR_LOG__FILTER": "error",
    "PARLOUR_TOKENS__ACCESS_SECONDS": "3600",
    "PARLOUR_LIMITS__REQUESTS_PER_SECOND": "100000",
    "PARLOUR_LIMITS__REQUESTS_BURST": "100000",
    "PARLOUR_LIMITS__LOGINS_PER_MINUTE": "100000",
    "PARLOUR_LIMITS__REGISTRATIONS_PER_MINUTE": "100000",
}
# They end the session that asks, so they are called by users of their own.
ENDS_THE_SESSION = ["logout", "changePassword"]
# What step 4 does not send: those, what would leave it without the chat, and a handshake, which is no request.
LEFT_OUT = [*ENDS_THE_SESSION, "leaveChat", "connect"]

faults = []


def fault(text):
    faults.append(text)
    print(f"check-contracts: {text}", file=sys.stderr)


class Server:
    """A server on a folder of its own, as long as the block lasts."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="parlour-contracts.")
        settings = {"PARLOUR_DATA": self.folder.name, **SETTINGS}
        self.process = subprocess.Popen(
            [self.program, "serve"], env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True
        )
        for line in self.process.stdout:
            greeting = re.search(r"running at (http://\S+)", line)
            if greeting:
                self.url = greeting.group(1)
                return self
        sys.exit("check-contracts: the server did not start")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            if self.process.wait(timeout=60) != 0:
                fault(f"the server ended with {self.process.returncode}")
        except subprocess.TimeoutExpired:
            self.process.kill()
            fault("the server did not stop")
        self.folder.cleanup()


class User:
    """Somebody who is signed in."""

    def __init__(self, url, name):
        self.url, self.token = url, None
        status, answer = self.ask("POST", "/api/v1/auth/register", {"username": name, "password": PASSWORD})
        assert status == 201, answer
        self.id, self.token = answer["user"]["id"], answer["access_token"]

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


def check_documents(url):
    """What is served is what is committed, and valid. Gives back both documents."""
    rest, socket = (ask(f"{url}/{name}.json", "GET", {})[1] for name in ["openapi", "asyncapi"])
    for name, served in [("openapi", rest), ("asyncapi", socket)]:
        if served != json.loads((ROOT / f"docs/contracts/{name}.json").read_text(encoding="utf-8")):
            fault(f"/{name}.json is not docs/contracts/{name}.json: run `cargo xtask contracts`, or build the server")
    report("openapi", openapi_spec_validator.OpenAPIV31SpecValidator(rest).iter_errors())
    if ASYNCAPI_SCHEMA.exists():
        schema = json.loads(ASYNCAPI_SCHEMA.read_text(encoding="utf-8"))
        report("asyncapi", jsonschema.Draft7Validator(schema).iter_errors(socket))
    else:
        print("skipped: no npm, the AsyncAPI document is not checked against its schema", file=sys.stderr)
    return rest, socket


def report(name, errors):
    for error in errors:
        fault(f"/{name}.json is not valid at {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def example(operation):
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


def check_rights(url, document):
    """Three users: two share a chat, one is a stranger. Gives back what the two have."""
    ann, bob, eve = (User(url, name) for name in ["ann", "bob", "eve"])
    group = {"type": "group", "title": "Lunch", "users": [bob.id]}
    _, chat = ann.ask("POST", "/api/v1/chats", group)
    hello = {"body": {"type": "text", "text": "Hello!"}}
    _, posted = ann.ask("POST", f"/api/v1/chats/{chat['id']}/messages", hello)
    absent = str(int(chat["id"]) + 1)
    for method, path, operation in operations(document):
        name, body = operation["operationId"], example(operation)
        if operation["security"]:
            # In the form that any reader of the document would send.
            status, problem = ask(fill(url + path, chat["id"], bob.id, posted["seq"]), method, {}, body)
            if status != 401:
                fault(f"{name} without a token answers {status} {problem}")
        if "{chat}" in path:
            for message in [posted["seq"], posted["id"]]:
                there, nowhere = (fill(path, one, bob.id, message) for one in [chat["id"], absent])
                compare(name, eve.ask(method, there, body), eve.ask(method, nowhere, body))
            status, answer = bob.ask(method, fill(path, chat["id"], ann.id, posted["seq"]), narrowed(name, body, bob))
            if status == 404 and answer["code"] == "chat_not_found" and name != "leaveChat":
                fault(f"{name} does not know the chat of its own member")
            if name == "leaveChat":
                ann.ask("POST", f"/api/v1/chats/{chat['id']}/members", {"users": [bob.id]})
    for about in [{"chat": chat["id"]}, {"chat": chat["id"], "seq": posted["seq"]}]:
        there = eve.ask("POST", "/api/v1/reports", {"reason": "spam", **about})
        nowhere = eve.ask("POST", "/api/v1/reports", {"reason": "spam", **about, "chat": absent})
        compare("report", there, nowhere)
    return ann, bob, chat["id"], posted["seq"]


def narrowed(name, body, member):
    """A body that names only users who exist."""
    return {"users": [member.id]} if name == "addMembers" else body


def fill(path, chat, user, message):
    filled = path.replace("{chat}", chat).replace("{user}", user)
    return filled.replace("{message}", str(message)).replace("{session}", user)


def compare(name, there, nowhere):
    """A stranger learns nothing from the difference, because there is none."""
    status, problem = there
    if there != nowhere or status != 404 or problem["code"] != "chat_not_found":
        fault(f"{name} tells a stranger that a chat exists: {there}, but for no chat {nowhere}")


def check_answers(url, users, seconds, seed):
    """schemathesis, as one of the two and with what they have."""
    ann, bob, chat, seq = users
    here = pathlib.Path(__file__).parent
    known = {"TOKEN": ann.token, "CHAT": chat, "USER": bob.id, "MESSAGE": str(seq), "HOOKS": str(here / "schemathesis_hooks.py")}
    environment = {**os.environ, **{f"CONTRACTS_{name}": value for name, value in known.items()}}
    command = [str(SCHEMATHESIS), "--config-file", str(here / "schemathesis.toml"), "run", f"{url}/openapi.json"]
    command += ["--seed", str(seed), "--max-time", str(seconds)]
    for name in LEFT_OUT:
        command += ["--exclude-operation-id", name]
    with tempfile.TemporaryDirectory(prefix="parlour-schemathesis.") as folder:
        # It keeps what it learns where it runs.
        run = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds * 3 + 120, check=False
        )
    if run.returncode != 0:
        print(run.stdout[-20000:], run.stderr[-4000:], file=sys.stderr)
        fault(f"schemathesis found something (seed {seed})")
    else:
        print(*(line.strip() for line in run.stdout.splitlines() if " generated" in line))


def check_ends(url, document):
    """The operations that end the session that asks."""
    for name in ENDS_THE_SESSION:
        method, path, operation = next(one for one in operations(document) if one[2]["operationId"] == name)
        user = User(url, f"last_{name.lower()}")
        status, problem = user.ask(method, path, example(operation))
        if str(status) not in operation["responses"] or status >= 300:
            fault(f"{name} answers {status} {problem}")


def main(program, seconds="40", seed=None):
    seed = int(seed) if seed else random.SystemRandom().randrange(1 << 32)
    print(f"check-contracts: seed {seed}")
    with Server(program) as server:
        document, socket = check_documents(server.url)
        print(f"examples of frames as described: {check_socket.check_examples(socket, fault)}")
        users = check_rights(server.url, document)
        check_ends(server.url, document)
        ann, bob, chat, _ = users
        absent = str(int(chat) + 1)
        received = check_socket.check(server.url, socket, ((ann, bob), chat, absent), uuid7, fault)
        print(f"frames received as described: {', '.join(received)}")
        check_answers(server.url, users, int(seconds), seed)
    if faults:
        sys.exit(f"check-contracts: NOT all right: {len(faults)} contradictions (seed {seed})")
    print("check-contracts: the server keeps its contracts")


main(*sys.argv[1:])
