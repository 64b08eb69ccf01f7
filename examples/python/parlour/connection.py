"""One WebSocket from `hello` to its end."""

import asyncio
import json
import time
from collections import namedtuple

import websockets
from websockets.asyncio.client import connect

PING_EVERY = 20.0
End = namedtuple("End", "code hands_over wait", defaults=(None, False, 0.0))


class Connection:
    """A connection of `client`. `over` becomes an End when another one is to be opened."""

    def __init__(self, client):
        self.client = client
        self.over = asyncio.get_running_loop().create_future()
        self.was_ready = False
        self.answers = {}  # by `ref`, who waits for the answer
        self.last_ref = 0
        self.outgoing = asyncio.Queue()
        self.asked_wait = 0.0
        self.syncing, self.wanted, self.sync_failures = False, set(), 0
        self.attempts = 0  # answers that a retiring connection waits for
        self.retiring = False
        self.heard = time.monotonic()
        self.heartbeat = 25.0
        self.helpers = []

    async def run(self):
        code, wait = None, 0.0
        try:
            uri = self.client.url.replace("http", "ws", 1) + "/v1/ws"
            protocols = ["parlour.v1.json"]
            async with connect(uri, subprotocols=protocols, ping_interval=None, max_size=8 << 20, close_timeout=2) as self.socket:
                code = await self.converse()
        except websockets.InvalidStatus as error:
            wait = float(error.response.headers.get("retry-after", 0))
        except (OSError, TimeoutError, websockets.InvalidHandshake):
            pass
        finally:
            for helper in self.helpers:
                helper.cancel()
            self.client.ended(self, code)
            if not self.over.done():
                self.over.set_result(End(code, wait=max(wait, self.asked_wait)))

    async def converse(self):
        """Gives the number of the close frame, or None."""
        self.helpers = [self.client.spawn(work) for work in (self.write(), self.watch_silence())]
        hello = {"type": "hello", "token": self.client.session["access_token"], "features": [], "cursors": self.client.cursors()}
        self.send(hello, self.greeted)
        try:
            async for text in self.socket:
                self.heard = time.monotonic()
                self.take(text)
        except websockets.ConnectionClosed:
            pass
        return self.socket.close_code if self.socket.close_code != 1006 else None

    async def write(self):
        try:
            while True:
                await self.socket.send(json.dumps(await self.outgoing.get()))
        except websockets.ConnectionClosed:
            pass

    async def watch_silence(self):
        """Without a frame for twice the heartbeat the connection is dead, whatever the network says."""
        pinged = time.monotonic()
        while (left := self.heard + 2 * self.heartbeat - time.monotonic()) > 0:
            await asyncio.sleep(min(left, PING_EVERY, self.heartbeat))
            if time.monotonic() - pinged >= PING_EVERY:
                pinged = time.monotonic()
                self.send({"type": "ping"}, lambda frame: None)
        self.socket.transport.abort()

    def send(self, frame, answered=None):
        self.last_ref += 1
        frame = {"ref": str(self.last_ref), **frame}
        if answered:
            self.answers[frame["ref"]] = answered
        self.outgoing.put_nowait(frame)

    def take(self, text):
        """One frame. What cannot be read, or has an unknown type, is passed over."""
        try:
            frame = json.loads(text)
            kind = frame["type"]
        except (ValueError, TypeError, KeyError, UnicodeDecodeError):
            return
        client = self.client
        if kind == "error":
            self.asked_wait = frame.get("retry_after_ms", 0) / 1000
        answered = self.answers.get(frame.get("ref"))
        if kind == "welcome":
            self.welcome(frame)
        elif answered:
            del self.answers[frame["ref"]]
            answered(frame)
        elif kind == "marks":
            for chat, marks in frame["chats"].items():
                if chat in client.chats:
                    client.chats[chat].learn_marks(marks)
        elif kind == "event":
            client.event(frame)
        elif kind == "chat" and frame["change"] == "left":
            client.left(frame["chat"]["id"])
        elif kind == "chat":
            client.joined(frame["chat"])
        elif kind == "too_long":
            client.too_long(frame)
        elif kind == "resync":
            self.sync([frame["chat"]] if frame.get("chat") else list(client.cursors()))
        elif kind == "reconnect":
            client.spawn(self.hand_over(frame["after_ms"] / 1000))
        elif kind == "presence":
            client.presence(frame)
        elif kind == "receipt":
            client.tell("receipt", **{name: frame[name] for name in ("chat", "user", "delivered", "read")})
        elif kind == "typing":
            client.tell("typing", **{name: frame[name] for name in ("chat", "user", "on")})

    # The greeting.

    def welcome(self, frame):
        self.heartbeat = frame["heartbeat_ms"] / 1000
        self.client.welcomed(self, frame)
        self.plan_refresh((frame["token_expires_at"] - frame["server_time"]) / 1000)

    def greeted(self, frame):
        """`ready`, or the error that comes before the close."""
        if frame["type"] == "ready":
            self.was_ready = True
            self.client.ready()

    def plan_refresh(self, lasts):
        self.helpers.append(self.client.spawn(self.refresh_after(lasts * 3 / 4)))

    async def refresh_after(self, seconds):
        await asyncio.sleep(seconds)
        if await self.client.refresh():
            frame = {"type": "refresh", "token": self.client.session["access_token"]}
            self.send(frame, lambda ok: self.plan_refresh(ok["token_expires_at"] / 1000 - self.client.server_time()))

    async def hand_over(self, seconds):
        """The node goes away: another connection is opened beside this one, which closes after the new `welcome`."""
        await asyncio.sleep(seconds)
        if not self.over.done():
            self.over.set_result(End(hands_over=True))

    def retire(self):
        self.retiring = True
        if self.attempts == 0:
            self.client.spawn(self.socket.close())

    # Requests.

    def attempt(self, entry):
        def answered(frame):
            self.attempts -= 1
            if frame["type"] == "sent":
                self.client.outbox.sent(entry, frame["seq"])
            elif frame["type"] == "cancelled":
                self.client.outbox.settle(entry, **{"is": "cancelled"})
            else:
                self.client.outbox.refused(entry, frame, self.client.server_time())
            if self.retiring:
                self.retire()
            self.client.pump()

        self.attempts += 1
        if entry.is_cancel:
            self.send({"type": "cancel", "chat": entry.saved["chat"], "key": entry.saved["key"]}, answered)
        else:
            self.send(entry.frame(str(self.last_ref + 1)), answered)

    def mark(self, chat, mark):
        def answered(frame):
            if chat not in self.client.chats:
                return
            state = self.client.chats[chat]
            state.mark_open = False
            if frame["type"] == "ok" or frame["retry"] == "never":
                state.learn_marks({"delivered": mark["seq"], mark["type"]: mark["seq"]})
                self.client.pump()
            else:
                wait = max(0.5, frame.get("retry_after_ms", 0) / 1000)
                asyncio.get_running_loop().call_later(wait, self.client.pump)

        self.send({"chat": chat, **mark}, answered)

    def sync(self, chats):
        """Asks for what is missing, one `sync` at a time."""
        self.wanted.update(chats)
        cursors = self.client.cursors()
        asked = [chat for chat in self.wanted if chat in cursors]
        if self.syncing or not asked:
            return
        self.syncing, self.wanted = True, set()

        def answered(frame):
            holes = [chat for chat in asked if chat in self.client.chats and self.client.chats[chat].has_hole()]
            if frame["type"] == "error":
                holes = asked
            self.wanted.difference_update(set(asked) - set(holes))
            if not holes and not self.wanted:
                self.syncing, self.sync_failures = False, 0
                return
            self.sync_failures += 1
            self.helpers.append(self.client.spawn(self.sync_later(holes, frame)))

        self.send({"type": "sync", "cursors": {chat: cursors[chat] for chat in asked}}, answered)

    async def sync_later(self, chats, frame):
        await asyncio.sleep(max(min(30, 0.25 * 2**self.sync_failures), frame.get("retry_after_ms", 0) / 1000))
        self.syncing = False
        self.sync(chats)
