"""Who may do what, tried by three users: Ann owns a group, Bob is a plain member of it, Eve is a stranger to it.

Part of check-contracts.py. The document says of every operation whom it is for (`security`, `x-for`), and each is asked by those it
is not for:

- without a token: 401;
- under a chat, by a stranger: exactly what a chat that does not exist answers;
- what is for authors, admins or the owner, by a plain member: 403 `forbidden`, and what is the owner's, by an admin as well. Ann then does
  the very same, and must succeed: a request that nobody can make would be refused for another reason;
- what is one user's own (sessions), by another: as if it did not exist, and it is still there.
"""

from check_calls import User, ask, example, operations

# What a member is not allowed although other members are.
RANKS = ["member", "author", "admin", "owner"]
HELLO = {"type": "text", "text": "Hello!"}


def check(url, document, fault):
    """Tries it. Gives back the three users and what they have."""
    ann, bob, eve = (User(url, name) for name in ["ann", "bob", "eve"])
    group = Group(ann, [bob])
    judge = Judge(document, fault)
    judge.nobody(url, group, bob)
    judge.stranger(group, eve, bob)
    judge.member(ann, bob, eve)
    judge.another_user(ann, bob)
    return ann, bob, eve, group


class Group:
    """A group of Ann's with a message of hers and one of its first member."""

    def __init__(self, ann, members):
        body = {"type": "group", "title": "Lunch", "users": [member.id for member in members]}
        self.id = made(ann.ask("POST", "/api/v1/chats", body))["id"]
        posts = f"/api/v1/chats/{self.id}/messages"
        posted = made(ann.ask("POST", posts, {"body": HELLO}))
        self.seq, self.message = posted["seq"], posted["id"]
        self.others_seq = made(members[0].ask("POST", posts, {"body": HELLO}))["seq"]
        self.absent = str(int(self.id) + 1)


def made(answer):
    status, body = answer
    assert status in (200, 201), answer
    return body


class Judge:
    """Asks, and reports whatever is not refused as it must be."""

    def __init__(self, document, fault):
        self.document, self.fault = document, fault

    def operations(self, *wanted):
        """The operations that are for one of these; for whomever, if none is named."""
        for method, path, operation in operations(self.document):
            if not wanted or operation.get("x-for") in wanted:
                yield operation["operationId"], method, path, operation

    def nobody(self, url, group, user):
        for name, method, path, operation in self.operations():
            if operation["security"]:
                # In the form that any reader of the document would send.
                status, problem = ask(fill(url + path, group, user), method, {}, example(operation))
                if status != 401:
                    self.fault(f"{name} without a token answers {status} {problem}")

    def stranger(self, group, eve, user):
        for name, method, path, operation in self.operations(*RANKS):
            body = example(operation)
            for message in [group.seq, group.message]:
                there, nowhere = (fill(path, group, user, chat, message) for chat in [group.id, group.absent])
                self.same(name, eve.ask(method, there, body), eve.ask(method, nowhere, body))
        for about in [{}, {"seq": group.seq}]:
            there, nowhere = ({"reason": "spam", "chat": chat, **about} for chat in [group.id, group.absent])
            self.same("report", eve.ask("POST", "/api/v1/reports", there), eve.ask("POST", "/api/v1/reports", nowhere))

    def same(self, name, there, nowhere):
        """A stranger learns nothing from the difference, because there is none."""
        status, problem = there
        if there != nowhere or status != 404 or problem["code"] != "chat_not_found":
            self.fault(f"{name} tells a stranger that a chat exists: {there}, but for no chat {nowhere}")

    def member(self, ann, bob, eve):
        """In a group of its own each time, so that one attempt cannot be the reason for the next answer."""
        for name, method, path, operation in self.operations("member"):
            group = Group(ann, [bob])
            status, problem = bob.ask(method, fill(path, group, ann), example(operation))
            if status >= 300:
                self.fault(f"{name} answers a member with {status} {problem}")
        for name, method, path, operation in self.operations("author", "admin", "owner"):
            group = Group(ann, [bob] if name == "addMembers" else [bob, eve])
            body = {"users": [eve.id]} if name == "addMembers" else example(operation)
            self.forbidden(f"{name} by a plain member", bob.ask(method, fill(path, group, eve), body))
            if operation["x-for"] == "owner":
                promote(ann, group, bob)
                self.forbidden(f"{name} by an admin", bob.ask(method, fill(path, group, eve), body))
            status, problem = ann.ask(method, fill(path, group, eve), body)
            if status >= 300:
                self.fault(f"{name} answers the owner and author with {status} {problem}")
        self.others(ann, bob)

    def others(self, ann, bob):
        """What a role does not bring: another's words, and the settings that are the owner's alone."""
        group = Group(ann, [bob])
        theirs = f"/api/v1/chats/{group.id}/messages/{group.others_seq}"
        self.forbidden("editMessage by an owner who is not its author", ann.ask("PATCH", theirs, {"body": HELLO}))
        settings = f"/api/v1/chats/{group.id}"
        self.forbidden("changeChat of nothing by a plain member", bob.ask("PATCH", settings, {}))
        promote(ann, group, bob)
        self.forbidden("changeChat of `history` by an admin", bob.ask("PATCH", settings, {"history": "since_join"}))
        owner = f"/api/v1/chats/{group.id}/members/{ann.id}"
        self.forbidden("removeMember of the owner by an admin", bob.ask("DELETE", owner))

    def forbidden(self, what, answer):
        status, problem = answer
        if status != 403 or problem["code"] != "forbidden":
            self.fault(f"{what} answers {status} {problem}, not 403 forbidden")

    def another_user(self, ann, bob):
        """Bob knows the number of Ann's session, and cannot end it. Ann can, from another device."""
        other = ann.another_device()
        theirs, nobodys = (f"/api/v1/sessions/{session}" for session in [other.session, int(other.session) + 1])
        attempt, nothing = bob.ask("DELETE", theirs), bob.ask("DELETE", nobodys)
        if attempt != nothing or attempt[0] != 404:
            self.fault(f"endSession of another's session answers {attempt}, but of no session {nothing}")
        if (status := other.ask("GET", "/api/v1/sessions")[0]) != 200:
            self.fault(f"bob has ended a session of ann's: it is answered {status}")
        ended = ann.ask("DELETE", theirs)
        status = other.ask("GET", "/api/v1/sessions")[0]
        if ended[0] != 204 or status != 401:
            self.fault(f"endSession of one's own answers {ended}, and that session is then answered {status}")


def promote(ann, group, member):
    status, problem = ann.ask("PATCH", f"/api/v1/chats/{group.id}/members/{member.id}", {"role": "admin"})
    assert status < 300, problem


def fill(path, group, user, chat=None, message=None):
    """A path about this user in this group, in another chat if one is named, or about another message."""
    names = {"chat": chat or group.id, "user": user.id, "session": user.session, "message": message or group.seq}
    return path.format(**names)
