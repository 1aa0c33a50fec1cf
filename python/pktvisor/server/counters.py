"""What the interface did, and what it refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """Counts since the start. Each is written by the server's thread only."""

    connections: int = 0
    """Connections that were accepted."""
    connections_evicted: int = 0
    """Connections that had waited longest, closed to make room for a new one."""
    connections_refused: int = 0
    """Connections closed at once, since all others were being answered."""
    connections_not_accepted: int = 0
    """Attempts to accept a connection that failed for want of file descriptors or memory."""
    requests: int = 0
    """Requests, those refused included."""
    requests_over_rate: int = 0
    """Requests of clients that asked too often (429)."""
    requests_invalid: int = 0
    """What was no HTTP, or had too large a head (400)."""
    requests_unauthenticated: int = 0
    """Requests without a valid token (401)."""
    requests_forbidden: int = 0
    """Requests whose token does not reach so far, or that another site sent (403, 421)."""
    bodies_too_large: int = 0
    """Requests with too large a body (413)."""
    bodies_refused: int = 0
    """Bodies not taken, since those that were being taken filled the room for them (503)."""
    heads_timed_out: int = 0
    """Connections closed because the head of a request did not arrive in time."""
    bodies_timed_out: int = 0
    """Requests whose body did not arrive in time (408)."""
    answers_timed_out: int = 0
    """Connections cut because the client did not take its answer."""
    answers_refused: int = 0
    """Large answers not given, since others that are still being taken fill the room for them (503)."""
    listeners: int = 0
    """Clients that began to listen to events."""
    listeners_refused: int = 0
    """Clients that could not, since too many listened (503)."""
    events_lost: int = 0
    """Ticks and marks that listeners did not get, since they were slow."""

    def document(self) -> dict[str, object]:
        """Give all of them by name."""
        return dict(asdict(self))
