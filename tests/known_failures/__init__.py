"""What people have reported of softmax and its relatives, each failure as a test of its name.

The docstring says where it was reported; the expected figure is derived in the test, by hand, as a
Fraction, or by mpmath.  What depends on exp and log in float32 and float64 is computed with
correctly rounded ones, so that it is the same on every machine.
"""
