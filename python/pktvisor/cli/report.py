"""pktvisor report: capture files as one page that anybody can open, in a file to mail to somebody."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pktvisor.cli.options import FILE_FAILURE_STATUS, Parser, complain, run
from pktvisor.cli.parsing import add_options, add_version, read_options
from pktvisor.config.command_options import (
    DECAPSULATE,
    DNS_PORTS,
    FILTER,
    GEO_ASN,
    GEO_CITY,
    SummaryOptions,
)
from pktvisor.config.options import File, Flag, Operands, Text
from pktvisor.errors import InputError, PktvisorError

INPUTS = ("pcap", "dnstap")


@dataclass(frozen=True)
class ReportOptions:
    """Everything that the command can be told."""

    files: Annotated[
        tuple[str, ...],
        Operands(value="FILE", is_needed=True, help="capture files and directories of them, as one capture"),
    ] = ()
    output: Annotated[str, File(written="-o --output", help="where the page is written to (default: {default})")] = (
        "report.html"
    )
    force: Annotated[bool, Flag(help="write over a file that is there")] = False
    input: Annotated[
        str,
        Text(
            written="-i",
            value="INPUT",
            reader=str.lower,
            choices=INPUTS,
            help=f"what the files hold: {', '.join(INPUTS)} (default: {{default}})",
        ),
    ] = "pcap"
    filter_expression: Annotated[str, FILTER] = ""
    hosts: Annotated[
        str,
        Text(written="-H", value="HOSTSPEC", help="networks and addresses of this host, such as 10.0.1.0/24"),
    ] = ""
    dns_ports: Annotated[tuple[int, ...], DNS_PORTS] = ()
    decapsulate: Annotated[bool, DECAPSULATE] = False
    geo_city: Annotated[str | None, GEO_CITY] = None
    geo_asn: Annotated[str | None, GEO_ASN] = None

    def for_captures(self) -> SummaryOptions:
        """What it was told of packets."""
        return SummaryOptions(
            filter_expression=self.filter_expression,
            hosts=self.hosts or None,
            dns_ports=self.dns_ports,
            decapsulate=self.decapsulate,
            geo_city=self.geo_city,
            geo_asn=self.geo_asn,
        )


def main(arguments: Sequence[str]) -> int:
    """Run the command and give its exit status."""
    return run(report_parser(), arguments, _run)


def report_parser() -> Parser:
    """Make the parser."""
    parser = Parser(
        prog="pktvisor report",
        description="Write capture files as one web page, which holds all that it shows: to look at, or to mail.",
    )
    add_options(parser, ReportOptions)
    add_version(parser)
    return parser


def _run(said: argparse.Namespace) -> int:
    options = read_options(ReportOptions, said)
    try:
        _write(options)
    except PktvisorError as error:
        complain(f"pktvisor report: {error}")
        return FILE_FAILURE_STATUS
    return 0


def _write(options: ReportOptions) -> None:
    from pktvisor.cli.progress import Progress
    from pktvisor.cli.report_documents import report_documents
    from pktvisor.cli.signals import signals_heard
    from pktvisor.server.report_page import report_page

    target = Path(options.output)
    _check_target(target, options)
    progress = Progress(sys.stderr)
    with signals_heard(lambda _: progress.stop.set()):
        name, documents = report_documents(options.files, options.for_captures(), progress, options.input)
    if progress.stop.is_set():
        raise KeyboardInterrupt
    written = report_page(documents, f"{name} · pktvisor")
    place = target.resolve()  # a link to a file stays one
    draft = place.with_name(f"{place.name}.draft")
    try:
        draft.write_bytes(written)
        draft.replace(place)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(f"cannot write {target}: {error.strerror}") from None
    complain(f"{target}: {len(written) / 1000:,.0f} kB; open it in a browser")


def _check_target(target: Path, options: ReportOptions) -> None:
    """Raise `InputError` before hours of reading rather than after, and for what nobody wants to lose."""
    if options.output == "-":
        raise InputError("the page is written to a file, not to standard output: name one, as -o report.html")
    if target.is_dir():
        raise InputError(f"{target} is a directory: name a file, as -o {target / 'report.html'}")
    if target.exists() and not target.is_file():
        # The page is put in the place of what is there: a device or a pipe would be gone for all.
        raise InputError(f"{target} is no file: name one with -o, as -o report.html")
    if not target.parent.is_dir():
        raise InputError(f"cannot write {target}: there is no directory {target.parent}")
    if any(target.exists() and Path(file).exists() and target.samefile(file) for file in options.files):
        raise InputError(f"{target} is the capture itself: name another file with -o")
    if target.exists() and not options.force:
        raise InputError(f"{target} is there: --force writes over it, -o names another file")
