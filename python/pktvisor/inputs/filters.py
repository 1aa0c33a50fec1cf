"""Capture filters: expressions of tcpdump's language, compiled by libpcap itself into classic BPF programs."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Callable, Iterator

from pktvisor.errors import ConfigError

WHOLE_PACKET = 262144
"""The snap length that tcpdump compiles with: more than any packet has."""

MOST_BYTES = 16 * 1024
"""Of an expression. What compiling takes grows faster than its length."""

_LIBRARY_NAMES = ("libpcap.so.0.8", "libpcap.so.1")
_ERROR_BYTES = 256  # PCAP_ERRBUF_SIZE
_OPTIMIZE = 1
_NO_NETMASK = 0  # what tcpdump gives, too: only `ip broadcast` depends on it

# Most link types have the same number in capture files (LINKTYPE_*) and in libpcap's calls (DLT_*); these differ.
_LIBPCAP_LINK_TYPES = {100: 11, 101: 12, 102: 15, 103: 16}

# The pseudo-interface of all interfaces, and one whose frames look like theirs: Ethernet.
_ANY = "any"
_LOOPBACK = "lo"

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


def check_length(expression: str) -> None:
    """Raise `ConfigError` for an expression that libpcap would take minutes and gigabytes to compile."""
    length = len(expression.encode(errors="replace"))
    if length > MOST_BYTES:
        raise ConfigError(f"the filter has {length} bytes; {MOST_BYTES} are the most")


def compile_filter(
    expression: str, link_type: int, *, interface: str | None = None, snaplen: int = WHOLE_PACKET
) -> list[tuple[int, int, int, int]]:
    """The program for an expression: (code, jump if true, jump if false, k) of each instruction; none if it is empty.

    For a live `interface` (`any` for all) the program is what `tcpdump -i` would attach: there the kernel takes VLAN
    tags off packets, so `vlan 100` looks for the tag beside the packet, where a program for files looks into it. That
    needs the right to capture; without it, and where the interface's own link type is another, the program is that for
    files. `link_type` is a LINKTYPE number.

    Raises ConfigError with libpcap's reason, or when libpcap is missing.
    """
    check_length(expression)
    if not expression.strip():
        return []
    libpcap_type = _LIBPCAP_LINK_TYPES.get(link_type, link_type)
    with _one_at_a_time:
        libpcap = _load()
        with _handle(libpcap, libpcap_type, interface, snaplen) as handle:
            return _compile(libpcap, handle, expression)


def _compile(libpcap: ctypes.CDLL, handle: int, expression: str) -> list[tuple[int, int, int, int]]:
    text = expression.encode(errors="replace")
    if b"\0" in text:
        raise ConfigError(f"the filter {expression!r} makes no sense: it contains a zero byte")
    program = _Program()
    if libpcap.pcap_compile(handle, ctypes.byref(program), text, _OPTIMIZE, _NO_NETMASK) != 0:
        reason = libpcap.pcap_geterr(handle).decode(errors="replace")
        raise ConfigError(f"the filter {expression!r} makes no sense: {reason}")
    try:
        return [(one.code, one.jump_true, one.jump_false, one.k) for one in program.instructions[: program.length]]
    finally:
        libpcap.pcap_freecode(ctypes.byref(program))


@contextlib.contextmanager
def _handle(libpcap: ctypes.CDLL, libpcap_type: int, interface: str | None, snaplen: int) -> Iterator[int]:
    """A live handle where there is an interface and the right to open it; otherwise one without an interface."""
    handle = _open_live(libpcap, libpcap_type, interface, snaplen) if interface else None
    if handle is None:
        handle = libpcap.pcap_open_dead(libpcap_type, snaplen)
    try:
        yield handle
    finally:
        libpcap.pcap_close(handle)


def _open_live(libpcap: ctypes.CDLL, libpcap_type: int, interface: str, snaplen: int) -> int | None:
    # The handle of `any` itself is for frames in libpcap's own "cooked" form, which the agent's capture does not use.
    name = (_LOOPBACK if interface == _ANY else interface).encode()
    handle: int | None = libpcap.pcap_create(name, ctypes.create_string_buffer(_ERROR_BYTES))
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
        "pcap_freecode": (None, (program,)),
        "pcap_close": (None, (handle,)),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(libpcap, name)
        function.restype, function.argtypes = result, arguments
    return libpcap


def filter_compiler(expression: str) -> Callable[[int], list[tuple[int, int, int, int]]] | None:
    """Give a function that compiles an expression for a link type; None for an empty one.

    ConfigError, at once, where the expression makes no sense.
    """
    if not expression:
        return None
    compile_filter(expression, 1)  # Ethernet: what is wrong there is wrong everywhere
    return lambda link_type: compile_filter(expression, link_type)
