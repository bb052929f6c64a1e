"""Studies: questions about formats and algorithms that need no logits."""
