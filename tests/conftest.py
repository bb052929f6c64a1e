"""Hypothesis draws the same examples on every run, and times none of them."""

from hypothesis import settings

pytest_plugins = "pytester"

settings.register_profile("same", derandomize=True, deadline=None, print_blob=False, database=None)
settings.load_profile("same")
