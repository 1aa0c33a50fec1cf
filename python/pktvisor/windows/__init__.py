"""Windows that explain themselves: records, one per metric and group, that any process reads without the policy."""
