"""The HTTP interface: an ASGI application made from a running agent, and the server that runs it."""
