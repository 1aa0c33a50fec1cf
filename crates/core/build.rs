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

/// The decoders of one worker, one per protocol in this folder.
#[derive(Debug, Default)]
pub struct AppDecoders {{ {decoders} }}

impl AppDecoders {{
    /// Gives a payload to the protocol that its ports name; the first in alphabetical order wins.
    #[inline]
    pub fn datagram(&mut self, source_port: u16, destination_port: u16, message: &Message<'_>, tables: &mut AppTables, ledger: &mut Ledger) -> Option<Malformed> {{
        {datagram}
        let _ = (source_port, destination_port, message, tables, ledger);
        None
    }}

    /// How the protocol of a TCP connection frames its messages, and its number for [`AppDecoders::stream_message`].
    #[inline]
    pub fn stream(source_port: u16, destination_port: u16) -> Option<(u8, Framing)> {{
        {stream}
        let _ = (source_port, destination_port);
        None
    }}

    pub fn stream_message(&mut self, protocol: u8, message: &Message<'_>, tables: &mut AppTables, ledger: &mut Ledger) -> Option<Malformed> {{
        {stream_message}
        let _ = (protocol, message, tables, ledger);
        None
    }}

    /// Tells each decoder which columns anybody asked for.
    pub fn set_needs(&mut self, needs: &Needs) {{ {needs} let _ = needs; }}
}}
",
        fields = each(&|name| format!("pub {name}: {name}::Messages, ")),
        names = each(&|name| format!("{name}::NAME, ")),
        table = each(&|name| format!("if name == {name}::NAME {{ return Some(&self.{name}); }}\n        ")),
        clear = each(&|name| format!("self.{name}.clear(); ")),
        reserve = each(&|name| format!("self.{name}.reserve(rows); ")),
        longest = each(&|name| format!("rows = rows.max(self.{name}.len()); ")),
        decoders = each(&|name| format!("pub {name}: {name}::Decoder, ")),
        datagram = each(&|name| format!(
            "if {name}::PORTS.udp(source_port, destination_port) {{ return self.{name}.decode(message, &mut tables.{name}, ledger); }}\n        "
        )),
        stream = protocols.iter().enumerate().map(|(number, (name, _))| format!(
            "if let Some(framing) = {name}::PORTS.tcp(source_port, destination_port) {{ return Some(({number}, framing)); }}\n        "
        )).collect::<String>(),
        stream_message = protocols.iter().enumerate().map(|(number, (name, _))| format!(
            "if protocol == {number} {{ return self.{name}.decode(message, &mut tables.{name}, ledger); }}\n        "
        )).collect::<String>(),
        needs = each(&|name| format!("self.{name}.set_needs(needs); ")),
    );
    code
}
