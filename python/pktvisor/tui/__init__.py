"""The terminal interface: what a running agent, or a capture file, has to show.

From documents to cells: `watched` gives readings, `watch` keeps the last one and what went wrong since, `views` make
panels of it, `layout` makes lines of these. All that is plain functions over plain values; `app` puts the lines on a
terminal and brings keys and mouse, `once` prints them.
"""
