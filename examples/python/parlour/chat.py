"""The client rule, for one chat: the next event is applied, an old one dropped, a later one kept aside."""


class Chat:
    """How far this device is in a chat. `cursor` is None until the server has told the chat's head."""

    def __init__(self, cursor=None, read=0):
        self.cursor = cursor
        self.read = read  # the user has read up to here
        self.told = {"delivered": 0, "read": 0}  # the marks the server knows
        self.others = 0  # the last message of somebody else that was applied
        self.mark_open = False
        self.held = {}
        self.highest = cursor or 0  # the highest seq heard of

    def receive(self, event):
        """Takes an event and gives those that are applied by it, in order."""
        self.highest = max(self.highest, event["seq"])
        if self.cursor is None or event["seq"] > self.cursor:
            self.held[event["seq"]] = event
        return self.apply_held()

    def jump(self, head):
        """Sets the cursor where events are skipped; gives those that follow there."""
        self.cursor = head
        self.highest = max(self.highest, head)
        return self.apply_held()

    def forget_unapplied(self):
        """The log ends below what was seen of it."""
        self.held, self.highest = {}, 0

    def apply_held(self):
        applied = []
        while self.cursor is not None and self.cursor + 1 in self.held:
            self.cursor += 1
            applied.append(self.held.pop(self.cursor))
        if self.cursor is not None:
            self.held = {seq: event for seq, event in self.held.items() if seq > self.cursor}
        return applied

    def has_hole(self):
        return self.cursor is not None and self.cursor < self.highest

    def due_mark(self):
        """What the server does not know yet; `read` says `delivered` too."""
        if self.read > self.told["read"]:
            return {"type": "read", "seq": self.read}
        if self.others > self.told["delivered"]:
            return {"type": "delivered", "seq": self.cursor}
        return None

    def learn_marks(self, marks):
        for name in self.told:
            self.told[name] = max(self.told[name], marks.get(name, 0))
