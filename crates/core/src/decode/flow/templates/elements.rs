//! Which field of a row an information element is (IANA, "IP Flow Information Export (IPFIX) Entities"; NetFlow 9 has the
//! same numbers).

/// Where the value of a field goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Nowhere,
    Bytes,
    Packets,
    IpVersion,
    Protocol,
    Tos,
    Dscp,
    TcpFlags,
    SourcePort,
    DestinationPort,
    /// Ports of UDP or of TCP alone: a record may have both, of which one is zero.
    SourcePortOf(Transport),
    DestinationPortOf(Transport),
    IcmpTypeCode,
    IcmpType,
    IcmpCode,
    /// The same of ICMPv6, which counts where the others are zero.
    Icmpv6TypeCode,
    Icmpv6Type,
    Icmpv6Code,
    Source4,
    Destination4,
    NextHop4,
    Source6,
    Destination6,
    NextHop6,
    SourceMask4,
    DestinationMask4,
    SourceMask6,
    DestinationMask6,
    InInterface,
    OutInterface,
    SourceAs,
    DestinationAs,
    Direction,
    SourceVlan,
    DestinationVlan,
    SourceMac,
    DestinationMac,
    InVrf,
    OutVrf,
    MplsLabel,
    NatSource4,
    NatDestination4,
    NatSource6,
    NatDestination6,
    NatSourcePort,
    NatDestinationPort,
    Application,
    ForwardingStatus,
    EndReason,
    FirewallEvent,
    Start(Moment),
    End(Moment),
    /// When what the record tells of was seen: a packet, or an event of a firewall.
    Seen(Moment),
    DurationMs,
    DurationUs,
    /// When the exporter started.
    Started,
    SamplingInterval,
    SamplingMode,
    /// Packets looked at in a row, and those let go in a row behind.
    SampledInRow,
    SkippedInRow,
    /// Packets chosen, of so many.
    SampleSize,
    SamplePopulation,
    SampleProbability,
    Sampler,
    /// The beginning of a frame, or of an IP packet: the record is a sample of it.
    Frame,
    IpPacket,
}

/// A protocol whose ports have elements of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// How a moment is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Milliseconds since the exporter started.
    UptimeMs,
    Seconds,
    Milliseconds,
    /// Seconds since 1900 and a fraction of 32 bits (RFC 7011, section 6.1.9).
    Ntp,
    /// Microseconds before the export.
    BeforeUs,
}

impl Transport {
    const fn other(self) -> Self {
        match self {
            Self::Udp => Self::Tcp,
            Self::Tcp => Self::Udp,
        }
    }
}

impl Target {
    /// What it is among all of its template: what is told of one protocol and of no other counts as told of all.
    pub fn among(self, all: &[Self]) -> Self {
        let has = |target: Self| all.contains(&target);
        match self {
            Self::SourcePortOf(_) if has(Self::SourcePort) => Self::Nowhere,
            Self::SourcePortOf(one) if !has(Self::SourcePortOf(one.other())) => Self::SourcePort,
            Self::DestinationPortOf(_) if has(Self::DestinationPort) => Self::Nowhere,
            Self::DestinationPortOf(one) if !has(Self::DestinationPortOf(one.other())) => Self::DestinationPort,
            Self::Icmpv6TypeCode if ![Self::IcmpTypeCode, Self::IcmpType, Self::Icmpv6Type].into_iter().any(has) => {
                Self::IcmpTypeCode
            }
            other => other,
        }
    }

    /// Both tell the same, be it in other words.
    pub fn tells_as(self, other: Self) -> bool {
        match (self, other) {
            (Self::Start(_), Self::Start(_)) | (Self::End(_), Self::End(_)) | (Self::Seen(_), Self::Seen(_)) => true,
            (Self::DurationMs | Self::DurationUs, Self::DurationMs | Self::DurationUs) => true,
            _ => self == other,
        }
    }
}

/// What an element tells, and how good a source it is: the lowest rank is the best. Elements of enterprises are none of
/// these; reversed ones (RFC 5103) are theirs.
pub(super) fn target(element: u16) -> (Target, u8) {
    use Moment::{BeforeUs, Milliseconds, Ntp, Seconds, UptimeMs};
    use Target::*;
    use Transport::{Tcp, Udp};
    match element {
        1 => (Bytes, 0),
        2 => (Packets, 0),
        4 => (Protocol, 0),
        5 => (Tos, 0),
        6 => (TcpFlags, 0),
        7 => (SourcePort, 0),
        8 => (Source4, 0),
        9 => (SourceMask4, 0),
        10 => (InInterface, 0),
        11 => (DestinationPort, 0),
        12 => (Destination4, 0),
        13 => (DestinationMask4, 0),
        14 => (OutInterface, 0),
        15 => (NextHop4, 0),
        16 => (SourceAs, 0),
        17 => (DestinationAs, 0),
        18 => (NextHop4, 1), // of BGP
        21 => (End(UptimeMs), 4),
        22 => (Start(UptimeMs), 4),
        23 => (Bytes, 3), // as they leave
        24 => (Packets, 3),
        27 => (Source6, 0),
        28 => (Destination6, 0),
        29 => (SourceMask6, 0),
        30 => (DestinationMask6, 0),
        32 => (IcmpTypeCode, 0),
        34 => (SamplingInterval, 1),
        35 => (SamplingMode, 1),
        44 => (Source4, 1), // what is summed up by networks has their prefixes alone
        45 => (Destination4, 1),
        48 => (Sampler, 0),
        49 => (SamplingMode, 0),
        50 => (SamplingInterval, 0),
        55 => (Tos, 2), // as they leave
        56 => (SourceMac, 0),
        57 => (DestinationMac, 1), // as they leave
        58 => (SourceVlan, 0),
        59 => (DestinationVlan, 0),
        60 => (IpVersion, 0),
        61 => (Direction, 0),
        62 => (NextHop6, 0),
        63 => (NextHop6, 1), // of BGP
        70 => (MplsLabel, 0),
        80 => (DestinationMac, 0),
        81 => (SourceMac, 1), // as they leave
        85 => (Bytes, 1),     // totals
        86 => (Packets, 1),
        89 => (ForwardingStatus, 0),
        95 => (Application, 0),
        104 => (Frame, 1),         // of older switches of Cisco
        128 => (DestinationAs, 1), // the next one
        129 => (SourceAs, 1),      // the one before
        136 => (EndReason, 0),
        139 => (Icmpv6TypeCode, 0),
        150 => (Start(Seconds), 3),
        151 => (End(Seconds), 3),
        152 => (Start(Milliseconds), 2),
        153 => (End(Milliseconds), 2),
        154 => (Start(Ntp), 1), // to the microsecond
        155 => (End(Ntp), 1),
        156 => (Start(Ntp), 0), // to the nanosecond
        157 => (End(Ntp), 0),
        158 => (Start(BeforeUs), 5),
        159 => (End(BeforeUs), 5),
        160 => (Started, 0),
        161 => (DurationMs, 1),
        162 => (DurationUs, 0),
        169 => (Destination6, 1), // prefixes
        170 => (Source6, 1),
        176 => (IcmpType, 0),
        177 => (IcmpCode, 0),
        178 => (Icmpv6Type, 0),
        179 => (Icmpv6Code, 0),
        180 => (SourcePortOf(Udp), 0),
        181 => (DestinationPortOf(Udp), 0),
        182 => (SourcePortOf(Tcp), 0),
        183 => (DestinationPortOf(Tcp), 0),
        195 => (Dscp, 0),
        224 => (Bytes, 7), // of a packet
        225 => (NatSource4, 0),
        226 => (NatDestination4, 0),
        227 => (NatSourcePort, 0),
        228 => (NatDestinationPort, 0),
        231 => (Bytes, 4), // of the side that began
        233 => (FirewallEvent, 0),
        234 => (InVrf, 0),
        235 => (OutVrf, 0),
        243 => (SourceVlan, 1),  // of the outer tag
        252 => (InInterface, 1), // the physical one
        253 => (OutInterface, 1),
        254 => (DestinationVlan, 1),
        281 => (NatSource6, 0),
        282 => (NatDestination6, 0),
        298 => (Packets, 4), // of the side that began
        302 => (Sampler, 1),
        304 => (SamplingMode, 2),
        305 => (SampledInRow, 0),
        306 => (SkippedInRow, 0),
        309 => (SampleSize, 0),
        310 => (SamplePopulation, 0),
        311 => (SampleProbability, 0),
        312 => (Bytes, 6), // of a frame
        313 => (IpPacket, 0),
        315 => (Frame, 0),
        322 => (Seen(Seconds), 3),
        323 => (Seen(Milliseconds), 2),
        324 => (Seen(Ntp), 1),
        325 => (Seen(Ntp), 0),
        352 => (Bytes, 2),        // with the link header
        353 => (Bytes, 5),        // totals with it
        410 => (Bytes, 8),        // of the part of a packet that is there
        40001 => (NatSource4, 1), // of older firewalls of Cisco, as the next four
        40002 => (NatDestination4, 1),
        40003 => (NatSourcePort, 1),
        40004 => (NatDestinationPort, 1),
        40005 => (FirewallEvent, 1),
        _ => (Nowhere, 0),
    }
}
