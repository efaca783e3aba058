"""The comparison that the project exists for: grounded against text-only, arm by arm."""
