"""What a chat shows: the events a client was told, folded into lines."""

NOTICES = ("members_added", "member_removed", "role_changed", "chat_changed", "chat_created")


class Lines:
    def __init__(self):
        self.lines, self.last = {}, None

    def take(self, event):
        """Takes the next event; says what is wrong if it is not the next."""
        seq, kind = event["seq"], event["kind"]
        if self.last is not None and seq != self.last + 1:
            return f"event {seq} was told after {self.last}"
        self.last = seq
        target = self.lines.get(event.get("target"))
        if kind == "message":
            self.lines[seq] = message(event)
        elif kind in NOTICES:
            self.lines[seq] = {"seq": seq, "author": event["author"], "notice": kind}
        elif kind == "message_edited" and target:
            target.update(said(event), edited=True)
        elif kind == "message_deleted" and target:
            self.lines[event["target"]] = {"seq": target["seq"], "author": target["author"], "deleted": True}
        elif kind == "reaction_changed" and target:
            users = target.setdefault("reactions", {}).setdefault(event["emoji"], [])
            users[:] = [user for user in users if user != event["author"]] + [event["author"]] * event["on"]
        return None

    def newest(self, count):
        lines = [self.lines[seq] for seq in sorted(self.lines)]
        return lines if count is None else lines[max(0, len(lines) - count):]

    @staticmethod
    def of_history(found):
        line = message(found) if found["kind"] == "message" else {"seq": found["seq"], "notice": found["kind"]}
        if "edited_at" in found:
            line["edited"] = True
        if found.get("deleted"):
            line["deleted"] = True
        return line


def message(found):
    line = {name: found[name] for name in ("seq", "author", "reply_to") if name in found}
    return {**line, **said(found)}


def said(found):
    body = found.get("body", {})
    if body.get("type") == "text":
        return {"text": body["text"]}
    return {"body": body} if body else {}
