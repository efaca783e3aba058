"""The benchmark: every policy on the same missions, beside the rows that others published."""
