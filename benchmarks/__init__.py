"""Measure speed and memory, in one run on one machine: `python -m benchmarks`.

It measures, and asserts nothing: a figure that is not near its limit belongs in a report, where
the machine is named, and not in a test, which runs anywhere.
"""
