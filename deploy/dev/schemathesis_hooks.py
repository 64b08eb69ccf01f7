"""What schemathesis cannot know from the document: which key a server takes, and what this user may not do.

A key must be made now: a pattern can say what a UUIDv7 looks like, not when it was made.
"""

import os
import random
import re
import time
import uuid

import schemathesis

KEY = "Idempotency-Key"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
FORBIDDEN = set(filter(None, os.environ["CONTRACTS_FORBIDDEN"].split(",")))


@schemathesis.check
def nothing_forbidden_succeeds(context, response, case):
    """Whatever the request looks like."""
    if case.operation.definition.raw["operationId"] in FORBIDDEN and response.status_code < 400:
        raise AssertionError(f"this user may not do that, and is answered {response.status_code}")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Leaves alone what is no key at all, and what is not there."""
    for name, value in list((case.headers or {}).items()):
        if name.lower() == KEY.lower() and isinstance(value, str) and UUID7.fullmatch(value):
            case.headers[name] = fresh()


def fresh():
    now = int(time.time() * 1000)
    return str(uuid.UUID(int=now << 80 | 7 << 76 | random.getrandbits(12) << 64 | 2 << 62 | random.getrandbits(62)))
