//! A field of a record whose value is copied.

use super::super::elements::Target;

pub(super) const IPV4_BYTES: usize = 4;
pub(super) const IPV6_BYTES: usize = 16;

/// A field at its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copied {
    pub target: Target,
    pub offset: usize,
    pub width: usize,
}

impl Copied {
    #[inline(always)]
    pub fn value<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        &record[self.offset..self.offset + self.width]
    }

    /// Whether its value goes into a column by itself.
    pub fn stands_alone(&self) -> bool {
        match self.target {
            Target::Source4
            | Target::Destination4
            | Target::NextHop4
            | Target::NatSource4
            | Target::NatDestination4 => self.width == IPV4_BYTES,
            Target::Source6
            | Target::Destination6
            | Target::NextHop6
            | Target::NatSource6
            | Target::NatDestination6 => self.width == IPV6_BYTES,
            Target::Nowhere
            | Target::Bytes
            | Target::Packets
            | Target::IpVersion
            | Target::Protocol
            | Target::Tos
            | Target::TcpFlags
            | Target::SourcePort
            | Target::DestinationPort
            | Target::IcmpTypeCode
            | Target::SourceMask4
            | Target::DestinationMask4
            | Target::SourceMask6
            | Target::DestinationMask6
            | Target::InInterface
            | Target::OutInterface
            | Target::SourceAs
            | Target::DestinationAs
            | Target::Direction
            | Target::SourceVlan
            | Target::DestinationVlan
            | Target::SourceMac
            | Target::DestinationMac
            | Target::InVrf
            | Target::OutVrf
            | Target::MplsLabel
            | Target::NatSourcePort
            | Target::NatDestinationPort
            | Target::Application
            | Target::ForwardingStatus
            | Target::EndReason
            | Target::FirewallEvent
            | Target::Start(_)
            | Target::End(_) => true,
            // Named one by one, so that nothing new goes into a column unless somebody says which.
            Target::Dscp
            | Target::SourcePortOf(_)
            | Target::DestinationPortOf(_)
            | Target::IcmpType
            | Target::IcmpCode
            | Target::Icmpv6TypeCode
            | Target::Icmpv6Type
            | Target::Icmpv6Code
            | Target::Seen(_)
            | Target::DurationMs
            | Target::DurationUs
            | Target::Started
            | Target::SamplingInterval
            | Target::SamplingMode
            | Target::SampledInRow
            | Target::SkippedInRow
            | Target::SampleSize
            | Target::SamplePopulation
            | Target::SampleProbability
            | Target::Sampler
            | Target::Frame
            | Target::IpPacket => false,
        }
    }
}
