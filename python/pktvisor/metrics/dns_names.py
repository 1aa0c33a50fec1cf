"""Names of DNS types and response codes, as pktvisor shows them (IANA's registry, with pktvisor's own spellings)."""

from __future__ import annotations

_RCODES = {
    0: "NOERROR",
    1: "FORMERR",
    2: "SRVFAIL",  # pktvisor's spelling since its first release; dashboards match it
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
    6: "YXDOMAIN",
    7: "YXRRSET",
    8: "NXRRSET",
    9: "NOTAUTH",
    10: "NOTZONE",
    11: "DSOTYPENI",
    16: "BADVERS",
    17: "BADKEY",
    18: "BADTIME",
    19: "BADMODE",
    20: "BADNAME",
    21: "BADALG",
    22: "BADTRUNC",
    23: "BADCOOKIE",
}

_QTYPES = {
    0: "Reserved (0)",
    249: "TKEY",
    250: "TSIG",
    251: "IXFR",
    252: "AXFR",
    253: "MAILB",
    254: "MAILA",
    255: "*",
    256: "URI",
    257: "CAA",
    258: "AVC",
    259: "DOA",
    260: "AMTRELAY",
    32768: "TA",
    32769: "DLV",
    65535: "Reserved (65535)",
}
_QTYPES.update(
    enumerate(
        "A NS MD MF CNAME SOA MB MG MR NULL WKS PTR HINFO MINFO MX TXT RP AFSDB X25 ISDN RT NSAP NSAP-PTR SIG KEY PX"
        " GPOS AAAA LOC NXT EID NIMLOC SRV ATMA NAPTR KX CERT A6 DNAME SINK OPT APL DS SSHFP IPSECKEY RRSIG NSEC DNSKEY"
        " DHCID NSEC3 NSEC3PARAM TLSA SMIMEA".split(),
        start=1,
    )
)
_QTYPES.update(enumerate("HIP NINFO RKEY TALINK CDS CDNSKEY OPENPGPKEY CSYNC ZONEMD SVCB HTTPS".split(), start=55))
_QTYPES.update(enumerate("SPF UINFO UID GID UNSPEC NID L32 L64 LP EUI48 EUI64".split(), start=99))

RCODE_NUMBERS = {name: number for number, name in _RCODES.items()} | {"SERVFAIL": 2, "BADSIG": 16}
QTYPE_NUMBERS = {name.upper(): number for number, name in _QTYPES.items()} | {"ANY": 255}


def rcode_name(number: int) -> str:
    """The code's mnemonic, or its number where it has none."""
    return _RCODES.get(number, str(number))


def qtype_name(number: int) -> str:
    """The type's mnemonic, or its number where it has none."""
    return _QTYPES.get(number, str(number))


def rcode_number(text: str) -> int | None:
    """The code that a mnemonic (in any case) or a known number stands for."""
    if text.isdigit():
        return int(text) if int(text) in _RCODES else None
    return RCODE_NUMBERS.get(text.upper())


def qtype_number(text: str) -> int | None:
    """The type that a mnemonic (in any case) or a known number stands for."""
    if text.isdigit():
        return int(text) if int(text) in _QTYPES else None
    return QTYPE_NUMBERS.get(text.upper())
