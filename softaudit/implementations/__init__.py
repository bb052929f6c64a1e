"""Stub."""


class Unanswered(Exception):
    def __init__(self, reason, detail=""):
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Runner: ...


class Implementation: ...
