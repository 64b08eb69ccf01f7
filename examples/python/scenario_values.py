"""`$name` in a scenario: what it stands for from its first use on, and patterns with such names in them."""

import re


class Differs(Exception):
    """A client did something else than its scenario says."""


class Values:
    def __init__(self):
        self.known = {}

    def matches(self, pattern, found):
        """Whether `found` is like `pattern`; if so its names stand for what was found."""
        try:
            self.learn(pattern, found)
            return True
        except Differs:
            return False

    def learn(self, pattern, found):
        tried = dict(self.known)
        compare(tried, pattern, found)
        self.known = tried

    def fill(self, template):
        """`template` with its names replaced; within a text they are written `{$name}`."""
        if isinstance(template, dict):
            return {name: self.fill(value) for name, value in template.items()}
        if isinstance(template, list):
            return [self.fill(value) for value in template]
        if isinstance(template, str) and template.startswith("$"):
            return self.known[template[1:]]
        if isinstance(template, str):
            return re.sub(r"\{\$(\w+)\}", lambda name: str(self.known[name[1]]), template)
        return template


def compare(known, pattern, found):
    if isinstance(pattern, str) and pattern.startswith("$"):
        if found is None:
            raise Differs(f"{pattern} is missing")
        if pattern != "$_" and known.setdefault(pattern[1:], found) != found:
            raise Differs(f"{found} should be {known[pattern[1:]]}")
    elif isinstance(pattern, dict):
        for name, value in pattern.items():
            compare(known, value, found.get(name) if isinstance(found, dict) else None)
    elif isinstance(pattern, list):
        if not isinstance(found, list) or len(found) != len(pattern):
            raise Differs(f"{found} should be {pattern}")
        for value, item in zip(pattern, found):
            compare(known, value, item)
    elif type(pattern) is not type(found) or pattern != found:
        raise Differs(f"{found} should be {pattern}")
