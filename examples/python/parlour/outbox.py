"""What is to enter a log: first in, first out per chat, one on its way per chat, the same key for every attempt.

A send is settled by `sent`, by its own event, by `cancelled` (or a `cancel` that is refused with `retry: never`), or when
every attempt was answered `not_stored` and the last with `retry: never`. Nothing else settles it.
"""

import os
import random
import time
import uuid

KEY_AGE_MAX = 13 * 24 * 3600.0
PAUSE_MAX = 5  # seconds between two attempts on a connection that stands
BLAMES_THE_FRAME = (1002, 1003, 1007, 1009)


def new_key(server_time):
    """A UUIDv7 of this time, in seconds."""
    number = int(server_time * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))


def key_age(key, server_time):
    return server_time - (uuid.UUID(key).int >> 80) / 1000


def pause(failures, longest=60):
    """Full jitter between half a second and, after some failures, `longest`."""
    return random.uniform(0.5, min(longest, 2 ** min(failures, 6)))


class Outgoing:
    """One send. `saved` is what survives the program."""

    def __init__(self, place, saved):
        self.place, self.saved = place, saved
        self.connection = None  # on its way there
        self.tried_on = None  # the connection of the last attempt
        self.is_cancel = False  # what is on its way is a `cancel`
        self.is_echo = False  # settled by its event: only that connection still waits for it
        self.key_replaced = False
        self.failures = 0
        self.not_before = 0.0

    def frame(self, ref):
        frame = {**self.saved["operation"], "ref": ref, "chat": self.saved["chat"], "key": self.saved["key"]}
        return {**frame, "applied": self.saved["applied"]}


class Outbox:
    """All sends of a device. `tell(outgoing, result)` hears how they end."""

    def __init__(self, store, tell):
        self.store, self.tell = store, tell
        self.entries = [Outgoing(place, saved) for place, saved in store.outbox()]

    def add(self, chat, operation, server_time):
        """Puts a send behind the others and gives its name."""
        key = new_key(server_time)
        saved = {"chat": chat, "name": key, "key": key, "operation": operation, "applied": None,
                 "unknown": False, "cancelled": False, "held_back": False}
        entry = Outgoing(max([0, *(entry.place for entry in self.entries)]) + 1, saved)
        self.store.keep_outgoing(entry.place, saved)
        self.entries.append(entry)
        return key

    def keep(self, entry):
        if not entry.is_echo:
            self.store.keep_outgoing(entry.place, entry.saved)

    def due(self, now):
        """The oldest of each chat, if it may go, and when the next may."""
        heads = {}
        for entry in self.entries:
            heads.setdefault(entry.saved["chat"], entry)
        free = [entry for entry in heads.values()
                if entry.connection is None and (entry.saved["cancelled"] or not entry.saved["held_back"])]
        later = [entry.not_before for entry in free if entry.not_before > now]
        return [entry for entry in free if entry.not_before <= now], min(later, default=None)

    def attempt(self, entry, connection, applied, server_time):
        """Makes an entry ready for an attempt; it must be kept before the frame is sent."""
        entry.connection, entry.is_cancel = connection, entry.saved["cancelled"]
        if entry.is_cancel:
            return
        entry.tried_on = connection
        if entry.saved["applied"] is None:
            age = key_age(entry.saved["key"], server_time)
            if not -600 < age < KEY_AGE_MAX:  # never tried, so it may be replaced
                entry.saved["key"] = new_key(server_time)
            entry.saved["applied"] = applied
        # From here on, until there is an answer. It stays unknown if it was.
        self.keep_as(entry, True)

    def keep_as(self, entry, unknown):
        saved = {**entry.saved, "unknown": unknown}
        if not entry.is_echo:
            self.store.keep_outgoing(entry.place, saved)

    def sent(self, entry, seq):
        """`sent` came: the server stores again, so the others' pauses are short again."""
        for other in self.entries:
            other.failures = 0
        self.settle(entry, **{"is": "sent", "seq": seq})

    def settle(self, entry, **result):
        self.entries.remove(entry)
        if not entry.is_echo:
            self.store.forget_outgoing(entry.place)
            self.tell(entry, result)

    def saw(self, event, live):
        """An own event: it settles its send, whatever became of the answer."""
        for entry in self.entries:
            if entry.saved["key"] != event["key"] or entry.saved["chat"] != event["chat"] or entry.is_echo:
                continue
            self.store.forget_outgoing(entry.place)
            self.tell(entry, {"is": "sent", "seq": event["seq"]})
            entry.is_echo, entry.saved["cancelled"], entry.saved["held_back"] = True, False, False
            if entry.tried_on is not live:
                self.entries.remove(entry)
            return

    def cancel(self, name, live):
        for entry in self.entries:
            if entry.saved["name"] == name and not entry.is_echo:
                entry.saved["cancelled"], entry.not_before = True, 0.0
                self.keep(entry)
                safe = not entry.saved["unknown"] and entry.connection is None and entry.tried_on is not live
                if entry.saved["applied"] is None or safe:
                    self.settle(entry, **{"is": "cancelled"})
                return

    def refused(self, entry, error, server_time):
        """An attempt or a `cancel` was answered with an error."""
        was_cancel, entry.connection = entry.is_cancel, None
        wait = error.get("retry_after_ms")
        quick = error["retry"] == "now" and entry.failures == 0
        entry.not_before = time.monotonic() + (wait / 1000 if wait is not None else 0 if quick else pause(entry.failures, PAUSE_MAX))
        entry.failures += 1
        if entry.is_echo:
            if error["retry"] == "never":
                self.entries.remove(entry)
            return
        if not was_cancel and error.get("outcome", "unknown") != "not_stored":
            entry.saved["unknown"] = True
        entry.saved["applied"] = error.get("applied", entry.saved["applied"])
        self.keep(entry)
        if error["retry"] == "never" and was_cancel:
            # Nothing tells any more what became of it, and no attempt of it can come to be stored.
            self.settle(entry, **{"is": "cancelled"})
        elif error["retry"] == "never":
            self.refused_for_good(entry, error, server_time)

    def refused_for_good(self, entry, error, server_time):
        if entry.saved["unknown"]:
            entry.saved["held_back"] = True
            self.keep(entry)
            self.tell(entry, {"is": "stalled"})
        elif entry.saved["cancelled"]:
            self.settle(entry, **{"is": "cancelled"})
        elif error["code"] == "key_time" and not entry.key_replaced:
            entry.key_replaced, entry.not_before = True, 0.0
            entry.saved.update(key=new_key(server_time), applied=None)
            self.keep(entry)
        else:
            self.settle(entry, **{"is": "failed", "code": error["code"]})

    def lost(self, connection, close_code):
        """A connection ended: what was on its way there may be stored."""
        self.entries = [entry for entry in self.entries if not (entry.is_echo and entry.tried_on is connection)]
        for entry in self.entries:
            if entry.connection is not connection:
                continue
            entry.connection, entry.failures, entry.not_before = None, 0, 0.0
            if entry.is_cancel:
                continue
            entry.saved["unknown"] = True
            if close_code in BLAMES_THE_FRAME:
                entry.saved["held_back"] = True
                self.tell(entry, {"is": "stalled"})
            self.keep(entry)
