"""The upper bounds of histograms: 18 per decade, cut to whole numbers, as pktvisor's are."""

from __future__ import annotations

_PER_DECADE = 18
_DECADES = range(-9, 18)


def _bounds() -> tuple[int, ...]:
    exponents = (decade + step / _PER_DECADE for decade in _DECADES for step in range(_PER_DECADE))
    return tuple(sorted({int(10**exponent + 1e-9) for exponent in exponents}))


BOUNDS = _bounds()
