"""Capture filters: expressions of tcpdump's language, compiled by libpcap itself into classic BPF programs."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pktvisor.errors import ConfigError

WHOLE_PACKET = 262144
"""The snap length that tcpdump compiles with: more than any packet has."""

MOST_BYTES = 16 * 1024
"""Of an expression. What compiling takes grows faster than its length."""

MOST_INSTRUCTIONS = 4096
"""Of a program, as in the kernel (BPF_MAXINSNS)."""

_JUMP = 5  # BPF_JMP | BPF_JA; libpcap jumps back by numbers that are too large
_LIBRARY_NAMES = ("libpcap.so.0.8", "libpcap.so.1")
_ERROR_BYTES = 256  # PCAP_ERRBUF_SIZE
_OPTIMIZE = 1
_NO_NETMASK = 0  # what tcpdump gives, too: only `ip broadcast` depends on it

# Most link types have the same number in capture files (LINKTYPE_*) and in libpcap's calls (DLT_*); these differ.
_LIBPCAP_LINK_TYPES = {100: 11, 101: 12, 102: 15, 103: 16}

Program = list[tuple[int, int, int, int]]
"""(code, jump if true, jump if false, k) of each instruction."""

PASSES_NOTHING: Program = [(6, 0, 0, 0)]
"""Return 0: no packet passes."""

PLACES = (1, 101, 105, 117)
"""Link types one of which can express what makes sense at all: Ethernet, raw IP, 802.11, the packet filter's log."""

# libpcap's compiler is reentrant, but the name look-ups of some C libraries that it calls are not.
_one_at_a_time = threading.Lock()


class _Instruction(ctypes.Structure):
    """`struct bpf_insn`."""

    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jump_true", ctypes.c_ubyte),
        ("jump_false", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    """`struct bpf_program`."""

    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Instruction)))


class _Opened(NamedTuple):
    """What a filter is compiled with."""

    libpcap: ctypes.CDLL
    handle: int
    is_live: bool


def check_length(expression: str) -> None:
    """Raise `ConfigError` for an expression that libpcap would take minutes and gigabytes to compile."""
    length = len(expression.encode(errors="replace"))
    if length > MOST_BYTES:
        raise ConfigError(f"the filter has {length} bytes; {MOST_BYTES} are the most")


class CaptureFilter:
    """A filter expression, which is compiled for each link type where packets of it are met (call it to have it).

    A link type that can't express it (there is no VLAN tag in raw IP) is one where it passes nothing; `notes` says so.
    What was compiled is kept: a long expression takes a while, and an input is not to wait where others wait for it.
    """

    def __init__(self, expression: str) -> None:
        """ConfigError where the expression makes sense nowhere, or libpcap is missing."""
        self.expression = expression
        self._notes: dict[int, str] = {}
        self._programs: dict[tuple[int, bool], Program] = {}
        """By link type, and whether they are for live interfaces."""
        errors = []
        for place in PLACES:
            try:
                self._programs[place, False] = compile_filter(expression, place)
            except ConfigError as error:
                errors.append(error)
            else:
                return
        raise errors[0]  # that of Ethernet

    def __call__(self, link_type: int, interfaces: Sequence[str] = ()) -> Program:
        """Compile it for a link type; see `compile_filter`."""
        with _opened(link_type, interfaces, WHOLE_PACKET) as opened:
            key = link_type, opened.is_live
            if key not in self._programs:
                self._programs[key] = _runnable(self._compile(opened, link_type), self.expression)
            return self._programs[key]

    def _compile(self, opened: _Opened, link_type: int) -> Program:
        try:
            return _compile(opened, self.expression)
        except ConfigError as error:
            self._notes[link_type] = f"no packet of {describe_link_type(link_type)} passes the filter: {error}"
            return PASSES_NOTHING

    def notes(self, link_types: Sequence[int] | None = None) -> list[str]:
        """Tell on which link types (of these, if they are given) it passes nothing, a sentence for each."""
        return [note for kind, note in self._notes.items() if link_types is None or kind in link_types]


def capture_filter(expression: str) -> CaptureFilter | None:
    """Make the filter of an expression; None for an empty one. Raises ConfigError where it makes no sense."""
    return CaptureFilter(expression) if expression.strip() else None


def compile_filter(
    expression: str, link_type: int, *, interfaces: Sequence[str] = (), snaplen: int = WHOLE_PACKET
) -> Program:
    """The program for an expression; none if it is empty.

    For live `interfaces` the program is what `tcpdump -i` would attach to the first of them that is up and of this
    link type: there the kernel takes VLAN tags off packets, so `vlan 100` looks for the tag beside the packet, where a
    program for files looks into it. That needs the right to capture; without it, or such an interface, the program is
    that for files. `link_type` is a LINKTYPE number.

    Raises ConfigError with libpcap's reason, for a program that no kernel runs, or when libpcap is missing.
    """
    check_length(expression)
    if not expression.strip():
        return []
    with _opened(link_type, interfaces, snaplen) as opened:
        return _runnable(_compile(opened, expression), expression)


def describe_link_type(link_type: int) -> str:
    """Name a link type as libpcap does, as `link type 105 (802.11)`; its number alone where libpcap knows none."""
    with contextlib.suppress(ConfigError), _one_at_a_time:
        described = _load().pcap_datalink_val_to_description(_libpcap_type(link_type))
        if described is not None:
            return f"link type {link_type} ({described.decode(errors='replace')})"
    return f"link type {link_type}"


def _libpcap_type(link_type: int) -> int:
    return _LIBPCAP_LINK_TYPES.get(link_type, link_type)


def _compile(opened: _Opened, expression: str) -> Program:
    text = expression.encode(errors="replace")
    if b"\0" in text:
        raise ConfigError(f"the filter {expression!r} is invalid: it contains a zero byte")
    libpcap, program = opened.libpcap, _Program()
    with _one_at_a_time:
        status = libpcap.pcap_compile(opened.handle, ctypes.byref(program), text, _OPTIMIZE, _NO_NETMASK)
    if status != 0:
        reason = libpcap.pcap_geterr(opened.handle).decode(errors="replace")
        raise ConfigError(f"the filter {expression!r} is invalid: {reason}")
    try:
        return [(one.code, one.jump_true, one.jump_false, one.k) for one in program.instructions[: program.length]]
    finally:
        libpcap.pcap_freecode(ctypes.byref(program))


def _runnable(program: Program, expression: str) -> Program:
    """Give the program. ConfigError where the kernel would refuse it, which libpcap does not ask."""
    if len(program) > MOST_INSTRUCTIONS:
        reason = f"it takes {len(program)} instructions; {MOST_INSTRUCTIONS} are the most"
        raise ConfigError(f"the filter {expression!r} can't run: {reason}")
    if any(code == _JUMP and k >= len(program) for code, _, _, k in program):
        raise ConfigError(f"the filter {expression!r} can't run: it takes a loop (protochain), and filters have none")
    return program


@contextlib.contextmanager
def _opened(link_type: int, interfaces: Sequence[str], snaplen: int) -> Iterator[_Opened]:
    """A live handle where there is an interface and the right to open it; otherwise one without an interface."""
    libpcap, libpcap_type = _load(), _libpcap_type(link_type)
    tried = (_open_live(libpcap, libpcap_type, interface, snaplen) for interface in interfaces)
    handle = next((handle for handle in tried if handle is not None), None)
    opened = _Opened(libpcap, handle or libpcap.pcap_open_dead(libpcap_type, snaplen), handle is not None)
    try:
        yield opened
    finally:
        libpcap.pcap_close(opened.handle)


def _open_live(libpcap: ctypes.CDLL, libpcap_type: int, interface: str, snaplen: int) -> int | None:
    handle: int | None = libpcap.pcap_create(interface.encode(), ctypes.create_string_buffer(_ERROR_BYTES))
    if handle is None:
        return None
    libpcap.pcap_set_snaplen(handle, snaplen)
    if libpcap.pcap_activate(handle) < 0 or libpcap.pcap_datalink(handle) != libpcap_type:
        libpcap.pcap_close(handle)
        return None
    return handle


def _load() -> ctypes.CDLL:
    for name in _LIBRARY_NAMES:
        with contextlib.suppress(OSError):
            return _declare(ctypes.CDLL(name))
    raise ConfigError("filter expressions need the library libpcap, which is missing: apt install libpcap0.8")


def _declare(libpcap: ctypes.CDLL) -> ctypes.CDLL:
    """Tells ctypes the types of the functions used here (pcap.h)."""
    handle, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    program = ctypes.POINTER(_Program)
    signatures: dict[str, tuple[object, tuple[object, ...]]] = {
        "pcap_open_dead": (handle, (number, number)),
        "pcap_create": (handle, (text, text)),
        "pcap_set_snaplen": (number, (handle, number)),
        "pcap_activate": (number, (handle,)),
        "pcap_datalink": (number, (handle,)),
        "pcap_compile": (number, (handle, program, text, number, ctypes.c_uint32)),
        "pcap_geterr": (text, (handle,)),
        "pcap_datalink_val_to_description": (text, (number,)),
        "pcap_freecode": (None, (program,)),
        "pcap_close": (None, (handle,)),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(libpcap, name)
        function.restype, function.argtypes = result, arguments
    return libpcap
