"""Many files in one report: which they are, and how they are audited one after the other.

Memory holds one audit for each process, whatever the number of files; a journal on disk keeps what
is done.  Nothing in here writes for a reader: that is left to the renderers.
"""
