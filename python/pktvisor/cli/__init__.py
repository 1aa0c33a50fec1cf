"""The commands: one command, one file. Errors become one sentence and an exit status here, and nowhere else.

Start-up time matters: what only some ways through a command need is imported there.
"""
