"""Sections of `run.py` about flow records and messages of DNS servers: what each costs, beside other tools."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import flow_maker
import measure
import traffic
from figures import Figure

if TYPE_CHECKING:
    from run import Bench

MAKER = Path(__file__).resolve().with_name("flow_maker.py")
BASE_RECORDS = 50_000
"""What start and end of a program cost, and the output of all exporters and interfaces, is taken off by a file that has
all of them.
"""
FRAME_LENGTH = struct.Struct(">I")


@dataclass(frozen=True)
class Export:
    """A file of exports: records, samples or messages, so many in each packet or frame."""

    name: str
    input: str
    per_packet: int
    suffix: str = ".pcap"

    @property
    def records(self) -> int:
        return flow_maker.RECORDS[self.name]

    @property
    def path(self) -> Path:
        return folder() / f"{flow_maker.file_name(self.name)}{self.suffix}"

    def cut(self, records: int) -> Path:
        """Its first records, in a file of the cache."""
        packets = -(-records // self.per_packet)
        if self.suffix == ".pcap":
            whole = traffic.Capture(self.name, self.path, traffic.count_packets(self.path))
            return traffic.cut(whole, packets).path
        return cut_frames(self.path, packets)


EXPORTS = (
    Export("netflow9", "netflow", 26),
    Export("ipfix", "netflow", 26),
    Export("sflow", "sflow", 7),
    Export("messages", "dnstap", 1, ".dnstap"),
)


def folder() -> Path:
    return Path(os.environ.get("PKTVISOR_BENCH_DATA", traffic.CACHE / "captures"))


def exports() -> Sequence[Export]:
    """All files, made first if one is missing."""
    if not all(export.path.exists() for export in EXPORTS):
        print(f"making files of flow records in {folder()} (once, some minutes, 1.1 GB)", file=sys.stderr)
        subprocess.run([sys.executable, MAKER, folder()], check=True)
    return EXPORTS


def cut_frames(path: Path, frames: int) -> Path:
    """The first frames of a file in Frame Streams, which has START before them; it ends without STOP."""
    target = traffic.CACHE / f"{path.stem}-{path.stat().st_size}-{frames}{path.suffix}"
    if not target.exists():
        traffic.CACHE.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as source, target.open("wb") as out:
            head = source.read(8)
            out.write(head + source.read(FRAME_LENGTH.unpack(head[4:])[0]))
            for _ in range(frames):
                length = source.read(FRAME_LENGTH.size)
                out.write(length + source.read(FRAME_LENGTH.unpack(length)[0]))
    return target


def command(bench: Bench, export: Export, path: Path) -> list[str]:
    """The reader's command line: one summary of the whole file."""
    return [bench.reader, "--periods", "1", "--json", "-i", export.input, str(path)]


def rate(export: Export, costs: Mapping[str, measure.Cost]) -> float:
    """Million records per second of CPU time, without those of the base."""
    seconds = costs["whole"].cpu_seconds - costs["base"].cpu_seconds
    return (export.records - BASE_RECORDS) / seconds / 1e6


def flow_section(bench: Bench) -> list[Figure]:
    """CPU time per record, and so how many a core takes in a second; peak memory."""
    figures = []
    for export in exports():
        traffic.warm(export.path)
        base = export.cut(BASE_RECORDS)
        commands = {"whole": command(bench, export, export.path), "base": command(bench, export, base)}
        costs = measure.interleaved(commands, bench.runs, bench.core)
        figures.append(Figure(export.name, rate(export, costs), "million/s"))
        figures.append(Figure(f"{export.name} memory", costs["whole"].peak_rss_bytes / 1e6, "MB peak"))
    return figures


def flow_instructions_section(bench: Bench) -> list[Figure]:
    """Instructions per record, as callgrind counts them; of whole files, since groups fill their logs first."""
    figures = []
    for export in exports():
        paths = (export.path, export.cut(BASE_RECORDS))
        whole, start = (measure.instructions(command(bench, export, path), bench.core) for path in paths)
        per_record = (whole - start) / (export.records - BASE_RECORDS)
        figures.append(Figure(f"{export.name} instructions", per_record, "per record"))
    return figures


def flow_others_section(bench: Bench) -> list[Figure]:
    """What pmacct takes for the same files: one aggregate, by exporter, interfaces, addresses and ports."""
    keys = "peer_src_ip,in_iface,out_iface,src_host,dst_host,src_port,dst_port,proto"
    figures = []
    for export in exports():
        program = {"netflow": "nfacctd", "sflow": "sfacctd"}.get(export.input)
        if program is None or shutil.which(program) is None:
            continue
        options = ["-c", keys, "-P", "print", "-O", "csv", "-o", "/dev/null", "-r", "3600"]
        commands = {
            name: [program, "-I", str(path), *options]
            for name, path in (("whole", export.path), ("base", export.cut(BASE_RECORDS)))
        }
        costs = measure.interleaved(commands, min(bench.runs, 3), bench.core)
        figures.append(Figure(f"{export.name}, {program}", rate(export, costs), "million/s", "one aggregate"))
    return figures
