//! Texts made of other columns while rows are at hand, so that what has one text counts as one item.

use super::Enrichment;
use super::columns::{Lookups, Values};
use crate::enrich::geo::UNKNOWN;
use crate::expr::{Bitmap, Label, LabelKind, NetworkNames, Summary};
use crate::metric::is_specified;
use crate::table::{Address, Column, Span};
use crate::texts::{is_ipv4, span_from, write_address, write_conversation, write_number};

/// Writes the labels of rows.
pub(crate) struct Labels<'a> {
    pub label: &'a Label,
    pub lookups: &'a mut Lookups,
    pub enrichment: &'a Enrichment,
}

impl Labels<'_> {
    /// The texts of some rows; none for a port 0 or the address of nobody. The compiler has checked the types.
    pub fn write(mut self, columns: &[Column<'_>], rows: &Bitmap) -> Values {
        let mut spans = vec![Span::NONE; columns.first().map_or(0, Column::len)];
        let mut text = Vec::new();
        rows.for_each(|row| {
            spans[row] = match (self.label.kind, columns) {
                (LabelKind::Address, [Column::Address(addresses)]) => self.address(&addresses[row], &mut text),
                (LabelKind::Port, [Column::U16(ports), Column::U8(protocols)]) => {
                    self.port(ports[row], protocols[row], &mut text)
                }
                (LabelKind::Endpoint, [Column::Address(addresses), Column::U16(ports), Column::U8(protocols)]) => {
                    self.endpoint(&addresses[row], ports[row], protocols[row], &mut text)
                }
                (
                    LabelKind::Conversation,
                    [Column::Address(ones), Column::U16(one_ports), Column::Address(others), Column::U16(ports), last],
                ) => {
                    let protocol = if let Column::U8(protocols) = last { protocols[row] } else { 0 };
                    let one = self.endpoint(&ones[row], one_ports[row], protocol, &mut text);
                    let other = self.endpoint(&others[row], ports[row], protocol, &mut text);
                    write_conversation(&mut text, one, other)
                }
                (LabelKind::Parts, columns) => self.parts(columns, row, &mut text),
                _ => Span::NONE,
            };
        });
        Values::Texts(spans, text)
    }

    /// The parts of a row, with spaces between, which none of them has: names are escaped. None where one is missing.
    fn parts(&self, columns: &[Column<'_>], row: usize, text: &mut Vec<u8>) -> Span {
        let start = text.len();
        for (at, column) in columns.iter().enumerate() {
            text.extend((at > 0).then_some(b' '));
            if !write_part(column, row, text) {
                text.truncate(start);
                return Span::NONE;
            }
        }
        if let Some(word) = &self.label.word {
            text.push(b' ');
            text.extend_from_slice(word.as_bytes());
        }
        span_from(text, start)
    }

    fn address(&mut self, address: &Address, text: &mut Vec<u8>) -> Span {
        let start = text.len();
        if is_specified(address) {
            self.write_address(address, text);
        }
        if text.len() == start { Span::NONE } else { span_from(text, start) }
    }

    fn port(&self, port: u16, protocol: u8, text: &mut Vec<u8>) -> Span {
        if port == 0 {
            return Span::NONE;
        }
        let start = text.len();
        self.write_port(port, protocol, text);
        span_from(text, start)
    }

    fn endpoint(&mut self, address: &Address, port: u16, protocol: u8, text: &mut Vec<u8>) -> Span {
        if port == 0 || !is_specified(address) {
            return Span::NONE;
        }
        let start = text.len();
        self.write_address(address, text);
        text.push(b':');
        self.write_port(port, protocol, text);
        span_from(text, start)
    }

    fn write_port(&self, port: u16, protocol: u8, text: &mut Vec<u8>) {
        let services = self.enrichment.services.as_ref().filter(|_| self.label.names_services);
        match services.and_then(|services| services.name(protocol, port)) {
            Some(name) => text.extend_from_slice(name.as_bytes()),
            None => write_number(text, u32::from(port)),
        }
    }

    /// An address, or what stands for it.
    fn write_address(&mut self, address: &Address, text: &mut Vec<u8>) {
        let label = self.label;
        let summary = label.summary.as_ref().filter(|summary| !summary.except.iter().any(|one| one.holds(address)));
        let is_written = summary.is_some_and(|summary| self.write_summary(summary, address, text));
        if !is_written {
            write_address(text, address);
        }
    }

    /// What stands for an address: its autonomous system, else the first network that holds it, else one of a length.
    fn write_summary(&mut self, summary: &Summary, address: &Address, text: &mut Vec<u8>) -> bool {
        if summary.networks.as_ref().is_some_and(|names| self.write_network(names, address, text)) {
            return true;
        }
        if let Some(subnet) = summary.subnets.iter().find(|subnet| subnet.holds(address)) {
            text.extend_from_slice(subnet.text.as_bytes());
            return true;
        }
        let Some(prefix) = summary.prefixes.iter().find(|prefix| prefix.is_ipv4 == is_ipv4(address)) else {
            return false;
        };
        write_address(text, &prefix.masked(address));
        text.push(b'/');
        write_number(text, u32::from(prefix.length) - if prefix.is_ipv4 { 96 } else { 0 });
        true
    }

    fn write_network(&mut self, names: &NetworkNames, address: &Address, text: &mut Vec<u8>) -> bool {
        let Some(number) = self.lookups.network(address) else { return false };
        if number == UNKNOWN && !names.names_unknown {
            return false;
        }
        let (name, _) = self.enrichment.places.known_by(number);
        let is_number = |number: &u32| name.split('/').next().is_some_and(|first| first.parse() == Ok(*number));
        if name.is_empty() || names.except.iter().any(is_number) {
            return false;
        }
        text.extend_from_slice(name.as_bytes());
        true
    }
}

/// Writes a value of a column that is a part; `false` where the row has none.
fn write_part(column: &Column<'_>, row: usize, text: &mut Vec<u8>) -> bool {
    match column {
        Column::Text(texts) => texts.get(row).map(|part| text.extend_from_slice(part)).is_some(),
        Column::Address(addresses) if is_specified(&addresses[row]) => {
            write_address(text, &addresses[row]);
            true
        }
        Column::U16(numbers) => {
            write_number(text, u32::from(numbers[row]));
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::enrich::services::{Service, Services};
    use crate::table::TextColumn;

    const TCP: u8 = 6;
    const UDP: u8 = 17;

    fn address(text: &str) -> Address {
        match text.parse().unwrap() {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        }
    }

    /// The texts of a label over rows of some columns.
    fn texts(label: &Value, columns: &[Column<'_>]) -> Vec<String> {
        let domain = Service { name: "domain".to_owned(), ports: 53..=53, is_udp: true };
        let services = Some(Arc::new(Services::new(vec![domain])));
        let enrichment = Enrichment { services, ..Enrichment::default() };
        let mut lookups = Lookups::new(&enrichment);
        let mut rows = Bitmap::default();
        rows.fill(columns[0].len(), true);
        let label = Label::parse(label).unwrap();
        let values = Labels { label: &label, lookups: &mut lookups, enrichment: &enrichment }.write(columns, &rows);
        let Column::Text(found) = values.view(&[]) else { panic!("no text") };
        let text = |row| found.get(row).map_or("-".to_owned(), |text| String::from_utf8(text.to_vec()).unwrap());
        (0..columns[0].len()).map(text).collect()
    }

    fn summaries(summary: Value, addresses: &[&str]) -> Vec<String> {
        let addresses: Vec<Address> = addresses.iter().map(|text| address(text)).collect();
        texts(&json!({"label": "address", "of": ["flow.src"], "summary": summary}), &[Column::Address(&addresses)])
    }

    #[test]
    fn the_first_network_in_the_list_stands_for_an_address_as_it_was_written() {
        let subnets = json!({"subnets": ["10.1.2.3/8", "10.4.0.0/16", "2001:db8::/33"]});
        let found = summaries(subnets, &["10.4.1.1", "11.0.0.1", "2001:db8:1::1", "2001:db8:8000::1", "0.0.0.0", "::"]);
        assert_eq!(found, ["10.1.2.3/8", "11.0.0.1", "2001:db8::/33", "2001:db8:8000::1", "-", "-"]);
    }

    #[test]
    fn a_prefix_stands_for_what_no_network_holds_each_family_by_its_own() {
        let both = json!({"subnets": ["10.4.0.0/24"], "prefixes": ["0.0.0.0/16", "::/48"]});
        let found = summaries(both, &["10.4.0.9", "10.4.1.1", "2001:db8:1:2::1"]);
        assert_eq!(found, ["10.4.0.0/24", "10.4.0.0/16", "2001:db8:1::/48"]);
        let found = summaries(json!({"prefixes": ["0.0.0.0/0"]}), &["10.4.1.1", "2001:db8::1", "::1"]);
        assert_eq!(found, ["0.0.0.0/0", "2001:db8::1", "::1"]);
        assert_eq!(summaries(json!({"prefixes": ["::/0"]}), &["10.4.1.1", "2001:db8::1"]), ["10.4.1.1", "::/0"]);
    }

    #[test]
    fn an_address_that_is_excepted_stands_for_itself() {
        let all = json!({"except": ["10.4.1.1/32", "2001:db8::/64"], "subnets": ["10.0.0.0/8"], "prefixes": ["::/32"]});
        let found = summaries(all, &["10.4.1.1", "10.4.1.2", "2001:db8::5", "2001:db8:1::5"]);
        assert_eq!(found, ["10.4.1.1", "10.0.0.0/8", "2001:db8::5", "2001:db8::/32"]);
    }

    #[test]
    fn autonomous_systems_need_a_database() {
        let by_network = json!({"networks": {"names_unknown": true}, "subnets": ["10.0.0.0/8"]});
        assert_eq!(summaries(by_network, &["10.4.1.1", "192.0.2.1"]), ["10.0.0.0/8", "192.0.2.1"]);
    }

    #[test]
    fn ports_are_called_by_the_services_of_their_protocol_where_that_is_asked_for() {
        let columns = [Column::U16(&[53, 53, 0]), Column::U8(&[UDP, TCP, UDP])];
        let of = json!(["flow.src_port", "flow.protocol"]);
        let named = json!({"label": "port", "of": of, "services": true});
        assert_eq!(texts(&named, &columns), ["domain", "53", "-"]);
        assert_eq!(texts(&json!({"label": "port", "of": of}), &columns), ["53", "53", "-"]);
    }

    #[test]
    fn both_ends_of_a_conversation_stand_in_the_order_of_their_texts() {
        let ends = ["10.4.1.1", "2001:db8::1", "10.4.1.1"].map(address);
        let others = ["10.3.1.1", "10.4.1.1", "0.0.0.0"].map(address);
        let columns = [
            Column::Address(&ends),
            Column::U16(&[40_000, 53, 9]),
            Column::Address(&others),
            Column::U16(&[53, 40_000, 9]),
            Column::U8(&[UDP, UDP, UDP]),
        ];
        let of = json!(["flow.src", "flow.src_port", "flow.dst", "flow.dst_port", "flow.protocol"]);
        let label = json!({"label": "conversation", "of": of, "services": true});
        assert_eq!(
            texts(&label, &columns),
            ["10.3.1.1:domain/10.4.1.1:40000", "10.4.1.1:40000/2001:db8::1:domain", "-"]
        );
    }

    #[test]
    fn parts_stand_behind_each_other_with_spaces_between_and_perhaps_a_word() {
        let clients = ["10.4.1.1", "0.0.0.0", "2001:db8::1"].map(address);
        let spans = [Span { start: 0, length: 3 }, Span { start: 3, length: 3 }, Span::NONE];
        let names = Column::Text(TextColumn { spans: &spans, bytes: b"a.bc.d" });
        let columns = [names, Column::Address(&clients)];
        let of = json!(["dns.qname", "dns.client"]);
        assert_eq!(texts(&json!({"label": "parts", "of": of}), &columns), ["a.b 10.4.1.1", "-", "-"]);
        let word = json!({"label": "parts", "of": ["dns.qname"], "word": "timeout"});
        assert_eq!(texts(&word, &columns[..1]), ["a.b timeout", "c.d timeout", "-"]);
        let numbers = [columns[0], Column::U16(&[3, 0, 2])];
        assert_eq!(
            texts(&json!({"label": "parts", "of": ["dns.qname", "dns.rcode"]}), &numbers),
            ["a.b 3", "c.d 0", "-"]
        );
    }

    #[test]
    fn what_is_no_label_is_said_in_a_sentence() {
        for (label, sentence) in [
            (json!({"label": "endpoint", "of": ["flow.src"]}), "it is made of 3 columns"),
            (json!({"label": "parts", "of": []}), "it is made of one column at least"),
            (json!({"label": "city", "of": ["flow.src"]}), "unknown variant `city`"),
            (json!({"label": "address", "of": ["flow.src"], "summary": {"subnets": ["10.0.0.0/33"]}}), "10.0.0.0/33"),
        ] {
            let message = Label::parse(&label).unwrap_err().message;
            assert!(message.contains(sentence), "{message}");
        }
    }
}
