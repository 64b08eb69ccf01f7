"""A client: one live connection, every event of every chat applied once and in order, every send settled.

`tell(kind, **fields)` hears everything: `event`, `outcome`, `connection`, `stopped`, `chat`, `too_long`, `receipt`, `typing`,
`presence`. It is called after what it tells is in the store.
"""

import asyncio
import time

from . import rest
from .chat import Chat
from .connection import Connection
from .outbox import Outbox, pause

STOPS = {4500: "signed_out", 4501: "account_disabled", 4502: "signed_out", 4540: "wrong_protocol"}


class Client:
    def __init__(self, url, store, tell):
        self.url, self.store, self.tell = url, store, tell
        self.session = store.session()
        self.chats = {chat: Chat(cursor, read) for chat, (cursor, read) in store.chats().items()}
        self.outbox = Outbox(store, lambda entry, result: tell("outcome", of=entry.saved["name"], **result))
        self.clock_ahead = 0.0
        self.live = None  # the connection that counts, from `welcome` on
        self.screen = None
        self.versions = {}
        self.token_is_old = False
        self.tasks = set()
        self.connecting = None
        self.timer = None  # wakes for the next send that waits

    # What an application calls.

    async def start(self, username, password):
        """Goes on with the session of the store, or logs in."""
        if self.session is None:
            await self.log_in(username, password)
        else:
            self.connect()

    async def log_in(self, username, password):
        answer = await rest.ask(self.url, "/api/v1/auth/login", {"username": username, "password": password})
        if self.session and self.session["user"] != answer["user"]["id"]:
            self.store.forget_everything()
            self.chats, self.outbox.entries = {}, []
        self.keep_session(answer)
        self.connect()

    async def stop(self):
        """Ends the client at once; what is not settled stays in the store."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def post(self, chat, operation):
        """Puts a send, an edit, a deletion or a reaction into the outbox; gives its name."""
        name = self.outbox.add(chat, operation, self.server_time())
        self.pump()
        return name

    def cancel(self, name):
        self.outbox.cancel(name, self.live)
        self.pump()

    def read(self, chat, seq):
        state = self.chats[chat]
        state.read = max(state.read, seq)
        self.store.keep_chat(chat, state.cursor, state.read)
        self.pump()

    def say(self, frame):
        """Sends what is worth nothing without a connection: `typing`, `set_status`."""
        if self.live:
            self.live.send(frame)

    def watch(self, users, chats):
        self.screen = {"type": "watch", "users": users, "chats": chats}
        self.show_screen()

    def show_screen(self):
        """Tells the server what is on the screen, on every connection anew; its answer says who is there."""
        if self.screen and self.live:
            self.live.send(self.screen, self.learn_presences)

    def learn_presences(self, frame):
        for presence in frame.get("presence", []):
            self.presence(presence)

    async def history(self, chat, **where):
        answer = asyncio.get_running_loop().create_future()
        self.live.send({"type": "history", "chat": chat, **where}, lambda frame: answer.set_result(frame))
        return await answer

    # Connections.

    def spawn(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def connect(self):
        if self.connecting is None or self.connecting.done():
            self.connecting = self.spawn(self.stay_connected())

    async def stay_connected(self):
        failures = 0
        while True:
            self.tell("connection", **{"is": "connecting"})
            if self.token_is_old and not await self.refresh():
                return
            connection = Connection(self)
            self.spawn(connection.run())
            end = await connection.over
            if connection.was_ready:
                failures = 0
            if end.code is not None and end.code >= 4500:
                self.tell("stopped", why=STOPS.get(end.code, "refused"))
                return
            if end.hands_over:
                continue
            if end.code == 4009:
                self.token_is_old = True
            asked = end.wait if end.code in (4013, None) else 0.0
            self.tell("connection", **{"is": "waiting"})
            await asyncio.sleep(max(pause(failures), asked))
            failures += 1

    def welcomed(self, connection, frame):
        """`connection` is the one that counts from now on."""
        self.clock_ahead = frame["server_time"] / 1000 - time.time()
        old, self.live = self.live, connection
        if old:
            old.retire()
        self.tell("connection", **{"is": "catching_up"})
        self.show_screen()
        self.pump()

    def ended(self, connection, code):
        if self.live is connection:
            self.live = None
        self.outbox.lost(connection, code)
        for state in self.chats.values():
            state.mark_open = False
        self.pump()

    def ready(self):
        self.tell("connection", **{"is": "ready"})
        self.pump()

    # Tokens.

    def keep_session(self, answer):
        """A new pair is kept before it is used: the old refresh token is no good any more."""
        self.session = {"user": answer["user"]["id"], "access_token": answer["access_token"],
                        "refresh_token": answer["refresh_token"]}
        self.store.keep_session(self.session)
        self.token_is_old = False

    async def refresh(self):
        """Asks until there is an answer; False when the session has ended."""
        failures = 0
        while True:
            try:
                body = {"refresh_token": self.session["refresh_token"]}
                self.keep_session(await rest.ask(self.url, "/api/v1/auth/refresh", body))
                return True
            except rest.Refused as refused:
                if refused.problem.get("retry") == "never":
                    self.tell("stopped", why="signed_out")
                    return False
            except OSError:
                pass
            await asyncio.sleep(pause(failures))
            failures += 1

    # Chats.

    def server_time(self):
        return time.time() + self.clock_ahead

    def cursors(self):
        return {chat: state.cursor for chat, state in self.chats.items() if state.cursor is not None}

    def event(self, event):
        if event["author"] == self.session["user"] and "key" in event:
            self.outbox.saw(event, self.live)
        state = self.chats.setdefault(event["chat"], Chat())
        self.applied(event["chat"], state.receive(event))

    def applied(self, chat, events, forget=False):
        """Keeps what was applied with the cursor that passed it, then tells it."""
        state = self.chats[chat]
        with self.store.transaction():
            if forget:
                self.store.forget_events(chat)
            for event in events:
                if event["kind"] == "message" and event["author"] != self.session["user"]:
                    state.others = event["seq"]
                self.store.keep_event(event)
            if state.cursor is not None:
                self.store.keep_chat(chat, state.cursor, state.read)
        if forget:
            self.tell("too_long", chat=chat)
        for event in events:
            self.tell("event", event=event)
        if state.has_hole() and self.live:
            self.live.sync([chat])
        self.pump()

    def joined(self, summary):
        """A chat without a cursor begins at its head; one with a cursor keeps it."""
        chat, state = summary["id"], self.chats.setdefault(summary["id"], Chat())
        self.tell("chat", chat=chat, **{"is": "joined"})
        if state.cursor is None:
            state.read = summary["read"]
            state.learn_marks(summary)
            self.applied(chat, state.jump(summary["head"]))
        else:
            state.highest = max(state.highest, summary["head"])
            self.applied(chat, [])

    def left(self, chat):
        self.chats.pop(chat, None)
        self.store.forget_chat(chat)
        self.tell("chat", chat=chat, **{"is": "left"})

    def too_long(self, frame):
        state = self.chats.setdefault(frame["chat"], Chat())
        if frame["reason"] not in ("behind", "rejoined", "retention"):
            state.forget_unapplied()  # `ahead`: what was seen is no more
        state.read = min(state.read, frame["head"])
        self.applied(frame["chat"], state.jump(frame["head"]), forget=True)

    def presence(self, presence):
        user, version = presence["user"], presence.get("version")
        if presence["status"] == "unknown":
            self.versions.pop(user, None)
        elif user in self.versions and version <= self.versions[user]:
            return
        else:
            self.versions[user] = version
        self.tell("presence", user=user, **{"is": presence["status"]})

    # What waits to be sent.

    def pump(self):
        live = self.live
        if live is None:
            return
        due, later = self.outbox.due(time.monotonic())
        for entry in due:
            state = self.chats.get(entry.saved["chat"])
            self.outbox.attempt(entry, live, state.cursor or 0 if state else 0, self.server_time())
            live.attempt(entry)
        if self.timer:
            self.timer.cancel()
        if later is not None:
            self.timer = asyncio.get_running_loop().call_later(later - time.monotonic(), self.pump)
        if live.was_ready:
            for chat, state in self.chats.items():
                mark = state.due_mark()
                if mark and not state.mark_open:
                    state.mark_open = True
                    live.mark(chat, mark)
