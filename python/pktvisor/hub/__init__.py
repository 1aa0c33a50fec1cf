"""The hub: takes the windows of many agents, keeps them, merges them, and answers as one agent.

A delivery (one closed window of one policy of an agent) is read, written to the journal and synced before it is
acknowledged; then it is merged into the minutes in memory. Each hour is sealed once, as Parquet.
"""
