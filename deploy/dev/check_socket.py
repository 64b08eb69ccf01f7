"""The socket against its document: two users talk, and every frame of theirs and of the server is held to its schema.

Part of check-contracts.py. A frame's answers must be among those that its operation names, and carry its `ref`; every kind of
frame that a client may send is sent.
"""

import itertools
import json

import jsonschema
from websockets.sync.client import connect

# The longest a frame may take: a page of patience, not a measurement.
WITHIN_SECONDS = 30


class Socket:
    """A connection that judges what it carries."""

    def __init__(self, url, document, fault):
        self.document, self.fault = document, fault
        self.numbers = itertools.count(1)
        self.sent, self.received = set(), set()
        address = url.replace("http://", "ws://") + document["channels"]["socket"]["address"]
        self.connection = connect(address, subprotocols=["parlour.v1.json"], open_timeout=WITHIN_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, word, **fields):
        """Sends a frame and gives back its answer: the frame with its `ref`."""
        reference = str(next(self.numbers))
        self.send({"type": word, "ref": reference, **fields})
        while (answer := self.take()).get("ref") != reference or answer["type"] == "welcome":
            pass
        operation = self.document["operations"][f"client.{word}"]
        allowed = [one["$ref"].rsplit(".", 1)[1] for one in operation["reply"]["messages"]]
        if answer["type"] not in allowed:
            self.fault(f"{word} is answered with {answer['type']}, which its operation does not name")
        if answer["type"] == "error" and answer["code"] not in operation["x-error-codes"]:
            self.fault(f"{word} is answered with the code {answer['code']}, which its operation does not name")
        return answer

    def send(self, frame):
        self.judge("client", frame)
        self.sent.add(frame["type"])
        self.connection.send(json.dumps(frame))

    def take(self):
        frame = json.loads(self.connection.recv(timeout=WITHIN_SECONDS))
        self.judge("server", frame)
        self.received.add(frame["type"])
        return frame

    def until(self, word):
        while (frame := self.take())["type"] != word:
            pass
        return frame

    def judge(self, sender, frame):
        name = f"{sender}.{frame['type']}"
        if name not in self.document["components"]["messages"]:
            self.fault(f"the {sender} sent a frame that the document does not know: {frame['type']}")
            return
        for error in contradictions(self.document, name, frame):
            self.fault(f"{name} is not as described: {error}")


def contradictions(document, name, frame):
    """What of a frame is not as the message of this name says."""
    components = document["components"]
    schema = {**components["messages"][name]["payload"], "components": components}
    return [error.message[:300] for error in jsonschema.Draft7Validator(schema).iter_errors(frame)]


def check_examples(document, fault):
    """Every message has examples, and each is as its schema says. Gives back how many there are."""
    examples = [
        (name, example["payload"])
        for name, message in document["components"]["messages"].items()
        for example in message.get("examples") or [{"payload": None}]
    ]
    for name, payload in examples:
        for error in contradictions(document, name, payload):
            fault(f"an example of {name} is not as described: {error}")
    return len(examples)


def entry(chat, key):
    """What every frame has that enters a log."""
    return {"chat": chat, "key": key(), "applied": 0}


def check(url, document, people, key, fault):
    """Two users who share `chat` talk; `key` makes keys. Everything a client may say is said."""
    (ann, bob), chat, absent = people
    with Socket(url, document, fault) as one, Socket(url, document, fault) as other:
        one.ask("hello", token=ann.token, cursors={}, device="check")
        other.ask("hello", token=bob.token, cursors={chat: 1})
        one.ask("watch", users=[bob.id], chats=[chat])
        other.send({"type": "typing", "chat": chat, "on": True})
        one.until("typing")
        seq = one.ask("send", **entry(chat, key), body={"type": "text", "text": "Hello!", "mentions": [bob.id]})["seq"]
        while other.until("event")["seq"] != seq:
            pass
        one.ask("edit", **entry(chat, key), target=seq, body={"type": "text", "text": "Hello, Bob!"})
        other.ask("react", **entry(chat, key), target=seq, emoji="👍", on=True)
        other.ask("delivered", chat=chat, seq=seq)
        other.ask("read", chat=chat, seq=seq)
        one.until("receipt")
        one.ask("history", chat=chat, limit=10)
        one.ask("delete", **entry(chat, key), target=seq)
        one.ask("cancel", chat=chat, key=key())
        other.ask("set_status", status="busy")
        one.until("presence")
        one.ask("sync", cursors={chat: 1})
        one.ask("refresh", token=ann.token)
        one.ask("ping")
        for word in ["delivered", "history"]:
            fields = {"seq": 1} if word == "delivered" else {}
            if one.ask(word, chat=absent, **fields).get("code") != "chat_not_found":
                fault(f"{word} knows a chat that is not there")
        unsaid = {name.split(".")[1] for name in document["operations"] if name.startswith("client.")} - one.sent - other.sent
        if unsaid:
            fault(f"these frames were never sent: {sorted(unsaid)}")
        return sorted(one.received | other.received)
