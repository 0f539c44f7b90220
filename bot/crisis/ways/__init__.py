"""Ways to interrupt a person. Only the crisis engine may use them: one interrupt class, checked by import-linter."""
