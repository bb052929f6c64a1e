"""Studies: questions that no single audit answers, about formats, algorithms and temperatures."""
