#!/usr/bin/env python3
"""Holds a live server to its contracts: python check-contracts.py PARLOUR [SECONDS] [SEED]

1. The documents it serves are the committed ones, they are valid OpenAPI 3.1 and AsyncAPI 3.0, and every frame has examples that are
   as its schema says.
2. Three users: nothing answers somebody it is not for, be it a stranger, a plain member or another user (check_rights.py).
3. Two of them talk over the socket, and every frame is as its document says.
4. schemathesis sends what the document allows: as the plain member and as the stranger, with what they may not do, of which nothing may
   succeed. Then as the owner, for SECONDS and also what it does not allow. Every answer must be one the document describes.

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

import jsonschema
import openapi_spec_validator

import check_rights
import check_socket
from check_calls import User, ask, example, operations, uuid7

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASYNCAPI_SCHEMA = ROOT / ".dev/asyncapi-specs/package/schemas/3.0.0.json"
SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
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


def check_answers(url, document, users, seconds, seed):
    """schemathesis, first as those to whom a group is forbidden in part or in whole, then as its owner."""
    ann, bob, eve, group = users
    session = ann.another_device().session
    plain = check_rights.Group(ann, [bob, eve])
    for user, other, ranks, theirs in [(bob, eve, ["author", "admin", "owner"], plain), (eve, bob, check_rights.RANKS, group)]:
        forbidden = [one["operationId"] for _, _, one in operations(document) if one.get("x-for") in ranks]
        only = [option for name in forbidden for option in ["--include-operation-id", name]]
        only += ["--phases", "fuzzing", "--mode", "positive", "--max-examples", "10"]
        schemathesis(url, [user, other, session, theirs], only, forbidden, seed)
    everything = [option for name in LEFT_OUT for option in ["--exclude-operation-id", name]]
    schemathesis(url, [ann, bob, session, group], [*everything, "--max-time", str(seconds)], [], seed)


def schemathesis(url, known, options, forbidden, seed):
    """One run by a user who knows another one, a session and a group, and to whom these operations are forbidden."""
    user, other, session, group = known
    here = pathlib.Path(__file__).parent
    names = {"TOKEN": user.token, "CHAT": group.id, "USER": other.id, "MESSAGE": str(group.seq), "SESSION": session}
    names |= {"HOOKS": str(here / "schemathesis_hooks.py"), "FORBIDDEN": ",".join(forbidden)}
    environment = {**os.environ, **{f"CONTRACTS_{name}": value for name, value in names.items()}}
    command = [str(SCHEMATHESIS), "--config-file", str(here / "schemathesis.toml"), "run", f"{url}/openapi.json"]
    with tempfile.TemporaryDirectory(prefix="parlour-schemathesis.") as folder:
        # It keeps what it learns where it runs.
        run = subprocess.run(
            [*command, "--seed", str(seed), *options], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
    if run.returncode != 0:
        print(run.stdout[-20000:], run.stderr[-4000:], file=sys.stderr)
        fault(f"schemathesis found something as {user.name} (seed {seed})")
    else:
        print(f"schemathesis as {user.name}:", *(line.strip() for line in run.stdout.splitlines() if " generated" in line))


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
        users = check_rights.check(server.url, document, fault)
        check_ends(server.url, document)
        ann, bob, _, group = users
        received = check_socket.check(server.url, socket, ((ann, bob), group.id, group.absent), uuid7, fault)
        print(f"frames received as described: {', '.join(received)}")
        check_answers(server.url, document, users, int(seconds), seed)
    if faults:
        sys.exit(f"check-contracts: NOT all right: {len(faults)} contradictions (seed {seed})")
    print("check-contracts: the server keeps its contracts")


main(*sys.argv[1:])
