"""Names of differentiated services code points (IANA's registry; RFC 2474, 2597, 3246, 5865) and of ECN (RFC 3168)."""

from __future__ import annotations

_DSCP = {
    **{8 * number: f"CS{number}" for number in range(8)},
    **{8 * number + 2 * drop: f"AF{number}{drop}" for number in range(1, 5) for drop in range(1, 4)},
    44: "VOICE-ADMIT",
    46: "EF",
}
_ECN = {0: "Not-ECT", 1: "ECT(1)", 2: "ECT(0)", 3: "CE"}

DSCP_NUMBERS = {name: number for number, name in _DSCP.items()}
ECN_NUMBERS = {name: number for number, name in _ECN.items()}


def dscp_name(number: int) -> str:
    """The name of a code point, or its number as text."""
    return _DSCP.get(number, str(number))


def ecn_name(number: int) -> str:
    """The name of the two bits of ECN."""
    return _ECN.get(number, str(number))
