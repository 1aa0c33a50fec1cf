//! Lists `src/decode/app/*.rs`, so that a new protocol is one new file: each file there declares a `Messages` table,
//! a `NAME`, the `PORTS` it listens on and a `Decoder`; this script joins them into `AppTables` and `AppDecoders`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("src/decode/app");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut protocols: Vec<(String, PathBuf)> = std::fs::read_dir(&folder)
        .expect("src/decode/app can be read")
        .map(|entry| entry.expect("an entry of src/decode/app").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (path.file_stem().expect("a file name").to_string_lossy().into_owned(), path))
        .filter(|(name, _)| name != "mod")
        .collect();
    protocols.sort();
    let out = Path::new(&std::env::var("OUT_DIR").expect("set by cargo")).join("apps.rs");
    std::fs::write(out, generated(&protocols)).expect("OUT_DIR can be written");
}

fn generated(protocols: &[(String, PathBuf)]) -> String {
    let mut code = String::new();
    for (name, path) in protocols {
        let _ = writeln!(code, "#[path = {:?}]\npub mod {name};", path.display().to_string());
    }
    let each = |line: &dyn Fn(&str) -> String| protocols.iter().map(|(name, _)| line(name)).collect::<String>();
    let _ = write!(
        code,
        "
/// The message tables of a batch, one per protocol in this folder.
#[derive(Debug, Default)]
pub struct AppTables {{ {fields} }}

impl AppTables {{
    pub const NAMES: &'static [&'static str] = &[{names}];
    pub fn table(&self, name: &str) -> Option<&dyn Table> {{
        {table}
        None
    }}
    pub fn clear(&mut self) {{ {clear} }}
    pub fn reserve(&mut self, rows: usize) {{ {reserve} }}
    /// Rows of the longest table.
    pub fn longest(&self) -> usize {{ let mut rows = 0; {longest} rows }}
}}

/// Each protocol's name and the ports that it is usually met on; a protocol's number is its place here.
pub(crate) const DEFAULT_PORTS: &[(&str, Ports)] = &[{ports}];

/// The decoders of one worker, one per protocol in this folder.
#[derive(Debug, Default)]
pub struct AppDecoders {{ ports: PortTable, {decoders} }}

impl AppDecoders {{
    /// Decoders of messages that are known by these ports.
    pub fn new(ports: PortSettings) -> Self {{
        Self {{ ports: PortTable::new(ports), ..Self::default() }}
    }}

    /// Gives a payload to the protocol that its ports name.
    #[inline]
    pub fn datagram(&mut self, source_port: u16, destination_port: u16, message: &Message<'_>, tables: &mut AppTables, ledger: &mut Ledger) -> Option<Malformed> {{
        let service = self.ports.udp(source_port, destination_port)?;
        self.message(service.protocol, &Message {{ server_port: service.port, ..*message }}, tables, ledger)
    }}

    /// The number of a TCP connection's protocol, and how it frames its messages.
    #[inline]
    pub fn stream(&self, source_port: u16, destination_port: u16) -> Option<(u8, Framing)> {{
        let service = self.ports.tcp(source_port, destination_port)?;
        let (_, ports) = &DEFAULT_PORTS[usize::from(service.protocol)];
        Some((service.protocol, ports.framing?))
    }}

    /// Gives a message of a TCP connection to the protocol of that number.
    pub fn stream_message(&mut self, protocol: u8, message: &Message<'_>, tables: &mut AppTables, ledger: &mut Ledger) -> Option<Malformed> {{
        let service = self.ports.tcp(message.packet.source_port, message.packet.destination_port);
        let server_port = service.map_or(0, |service| service.port);
        self.message(protocol, &Message {{ server_port, ..*message }}, tables, ledger)
    }}

    /// Gives a payload to a protocol by its number.
    #[inline]
    pub fn message(&mut self, protocol: u8, message: &Message<'_>, tables: &mut AppTables, ledger: &mut Ledger) -> Option<Malformed> {{
        {message}
        let _ = (protocol, message, tables, ledger);
        None
    }}

    /// Tells the decoders which columns and ports anybody asked for.
    pub fn set_needs(&mut self, needs: &Needs) {{ self.ports.set_needs(needs); {needs} }}
}}
",
        fields = each(&|name| format!("pub {name}: {name}::Messages, ")),
        names = each(&|name| format!("{name}::NAME, ")),
        table = each(&|name| format!("if name == {name}::NAME {{ return Some(&self.{name}); }}\n        ")),
        clear = each(&|name| format!("self.{name}.clear(); ")),
        reserve = each(&|name| format!("self.{name}.reserve(rows); ")),
        longest = each(&|name| format!("rows = rows.max(self.{name}.len()); ")),
        decoders = each(&|name| format!("pub {name}: {name}::Decoder, ")),
        ports = each(&|name| format!("({name}::NAME, {name}::PORTS), ")),
        message = protocols.iter().enumerate().map(|(number, (name, _))| format!(
            "if protocol == {number} {{ return self.{name}.decode(message, &mut tables.{name}, ledger); }}\n        "
        )).collect::<String>(),
        needs = each(&|name| format!("self.{name}.set_needs(needs); ")),
    );
    code
}
