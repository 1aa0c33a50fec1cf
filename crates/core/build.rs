//! Lists three folders, so that being there is all that a file must do.
//!
//! - `src/decode/app/*.rs`: a protocol. Each file declares a `PROTOCOL`, the reasons why its messages may be malformed, a
//!   `Messages` table and a `Decoder`; they are joined into `PROTOCOLS`, `AppTables` and `AppDecoders`,
//!   and the reasons with those of the layers below.
//! - `src/decode/flow/*.rs`: a format of flow records. Each file declares a `Decoder` that implements `Format`; they are
//!   joined into `FlowFormats`.
//! - `src/metric/kinds/*.rs`: a kind of metric. Each file declares a `NAME` and a `State` that implements `Kind`; they are
//!   joined into `KindName` and `MetricState`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let apps = files("src/decode/app");
    write("apps.rs", &protocols(&apps));
    write("reasons.rs", &reasons(&apps));
    write("flow_formats.rs", &flow_formats(&files("src/decode/flow")));
    write("metric_kinds.rs", &kinds(&files("src/metric/kinds")));
}

/// The Rust files of a folder but `mod.rs`, by name.
fn files(folder: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join(folder);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<(String, PathBuf)> = std::fs::read_dir(&folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (path.file_stem().expect("a file name").to_string_lossy().into_owned(), path))
        .filter(|(name, _)| name != "mod")
        .collect();
    files.sort();
    files
}

fn write(name: &str, code: &str) {
    let out = Path::new(&std::env::var("OUT_DIR").expect("set by cargo")).join(name);
    std::fs::write(out, code).expect("OUT_DIR can be written");
}

/// `mod` lines for files, wherever they lie.
fn modules(files: &[(String, PathBuf)]) -> String {
    files.iter().map(|(name, path)| format!("#[path = {:?}]\npub mod {name};\n", path.display().to_string())).collect()
}

fn kinds(files: &[(String, PathBuf)]) -> String {
    let variant = |name: &str| name[..1].to_uppercase() + &name[1..];
    let each = |line: &dyn Fn(&str, &str) -> String| {
        files.iter().map(|(name, _)| line(name, &variant(name))).collect::<String>()
    };
    let arms = |call: &str| each(&|_, variant| format!("Self::{variant}(state) => Kind::{call}, "));
    format!(
        "{modules}
/// The name of each kind in this folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KindName {{ {variants} }}

impl KindName {{
    pub const ALL: &'static [Self] = &[{all}];
    pub const fn name(self) -> &'static str {{ match self {{ {names} }} }}
    pub fn by_name(name: &str) -> Option<Self> {{ Self::ALL.iter().copied().find(|kind| kind.name() == name) }}
}}

/// An image of a metric that was read, to be merged.
pub struct MetricImage<'a>(Image<'a>);

enum Image<'a> {{ {images} }}

impl<'a> MetricImage<'a> {{
    /// Reads what [`MetricState::image`] wrote.
    ///
    /// # Errors
    /// When the bytes are no such image.
    pub fn read(bytes: &'a [u8], kind: MetricKind, items: Items<'_>) -> Result<Self, Error> {{
        Ok(Self(match kind.kind {{ {read_image} }}))
    }}
}}

/// The state of one metric in one window.
#[derive(Debug, Clone)]
pub enum MetricState {{ {states} }}

impl MetricState {{
    pub(crate) fn new(kind: MetricKind, start_second: i64) -> Self {{ match kind.kind {{ {new} }} }}
    pub fn name(&self) -> KindName {{ match self {{ {own} }} }}
    #[inline]
    pub(crate) fn feed(&mut self, feeding: &Feeding<'_>) {{ match self {{ {feed} }} }}
    /// Takes in the same metric of another worker (`is_same_window`) or of another window.
    pub fn merge(&mut self, other: &Self, is_same_window: bool) {{
        match (self, other) {{
            {merge}
            _ => unreachable!(\"metrics that merge are of one kind\"),
        }}
    }}
    pub fn shape(&self) -> Shape<'_> {{ match self {{ {shape} }} }}
    pub fn items(&self) -> ItemKind {{ match self {{ {items} }} }}
    /// By how much, relative to itself, what it shows is off.
    pub fn relative_error(&self) -> Option<f64> {{ match self {{ {relative_error} }} }}
    pub fn memory_bytes(&self) -> usize {{ match self {{ {memory} }} }}
    pub(crate) fn save(&self, out: &mut Vec<u8>, items: Items<'_>) {{ match self {{ {save} }} }}
    pub(crate) fn restore(reader: &mut Reader, kind: MetricKind, items: Items<'_>) -> Result<Self, Error> {{
        Ok(match kind.kind {{ {restore} }})
    }}
    /// The sketch as other engines read it.
    pub fn image(&self, items: Items<'_>) -> Vec<u8> {{ match self {{ {image} }} }}
    /// Reads what [`Self::image`] wrote, as a metric of a closed window.
    ///
    /// # Errors
    /// When the bytes are no such image.
    pub fn from_image(bytes: &[u8], kind: MetricKind, items: Items<'_>) -> Result<Self, Error> {{
        Ok(Self::of_image(&MetricImage::read(bytes, kind, items)?, kind.items))
    }}
    /// The metric of a closed window that an image is of; `kind` is what its items are.
    pub fn of_image(image: &MetricImage<'_>, kind: ItemKind) -> Self {{ match &image.0 {{ {of_image} }} }}
    /// Takes in an image of this kind, as [`Self::of_image`] and [`Self::merge`] would; false where it is of another kind.
    pub fn merge_image(&mut self, image: &MetricImage<'_>) -> bool {{
        match (self, &image.0) {{
            {merge_image}
            _ => return false,
        }}
        true
    }}
    pub(crate) fn advance(&mut self, second: i64) {{ match self {{ {advance} }} }}
    pub(crate) fn close(&mut self, end_second: i64) {{ match self {{ {close} }} }}
    pub(crate) fn keep_small(&mut self) {{ match self {{ {keep_small} }} }}
    /// Memory is short: keeps what matters most, with wider bounds. Tells whether it had more.
    pub fn make_small(&mut self) -> bool {{ match self {{ {make_small} }} }}
    /// Of a list as many of the heaviest items are kept: their estimates stay as they are, their bounds get wider.
    pub fn cut(&mut self, most_items: usize) {{ match self {{ {cut} }} }}
    pub(crate) fn shrink(&mut self) {{ match self {{ {shrink} }} }}
    pub(crate) fn carry_over(&mut self, closed: &Self) {{
        match (self, closed) {{
            {carry_over}
            _ => unreachable!(\"a metric is of one kind in all windows\"),
        }}
    }}
}}
",
        modules = modules(files),
        variants = each(&|_, variant| format!("{variant}, ")),
        all = each(&|_, variant| format!("Self::{variant}, ")),
        names = each(&|name, variant| format!("Self::{variant} => {name}::NAME, ")),
        states = each(&|name, variant| format!("{variant}({name}::State), ")),
        new = each(&|_, variant| format!(
            "KindName::{variant} => Self::{variant}(Kind::new(kind.items, start_second)), "
        )),
        own = each(&|_, variant| format!("Self::{variant}(_) => KindName::{variant}, ")),
        feed = arms("feed(state, feeding)"),
        merge = each(&|_, variant| format!(
            "(Self::{variant}(mine), Self::{variant}(theirs)) => Kind::merge(mine, theirs, is_same_window), "
        )),
        shape = arms("shape(state)"),
        items = arms("items(state)"),
        relative_error = arms("relative_error(state)"),
        memory = arms("memory_bytes(state)"),
        save = arms("save(state, out, items)"),
        restore = each(&|_, variant| format!(
            "KindName::{variant} => Self::{variant}(Kind::restore(reader, kind.items, items)?), "
        )),
        image = arms("image(state, items)"),
        of_image = each(&|_, variant| format!("Image::{variant}(image) => Self::{variant}(Kind::of_image(image, kind)), ")),
        images = each(&|name, variant| format!("{variant}(<{name}::State as Kind>::Image<'a>), ")),
        read_image = each(&|name, variant| format!(
            "KindName::{variant} => Image::{variant}({name}::State::read_image(bytes, kind.items, items)?), "
        )),
        merge_image = each(&|_, variant| format!(
            "(Self::{variant}(mine), Image::{variant}(theirs)) => Kind::merge_image(mine, theirs), "
        )),
        advance = arms("advance(state, second)"),
        close = arms("close(state, end_second)"),
        keep_small = arms("keep_small(state)"),
        make_small = arms("make_small(state)"),
        cut = arms("cut(state, most_items)"),
        shrink = arms("shrink(state)"),
        carry_over = each(&|_, variant| format!(
            "(Self::{variant}(mine), Self::{variant}(closed)) => Kind::carry_over(mine, closed), "
        )),
    )
}

/// The files that declare reasons why bytes may be malformed, from the link layer up; those of application protocols stand
/// between the two.
const BELOW: [&str; 4] = ["link.rs", "ip.rs", "tunnel.rs", "mod.rs"];
const BESIDE: [&str; 2] = ["flow/mod.rs", "dnstap.rs"];

/// What stands in the `malformed!` of all these files, as one declaration.
fn reasons(apps: &[(String, PathBuf)]) -> String {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("src/decode");
    println!("cargo::rerun-if-changed={}", folder.display());
    let apps = apps.iter().map(|(_, path)| path.clone());
    let files = BELOW.map(|name| folder.join(name)).into_iter().chain(apps).chain(BESIDE.map(|name| folder.join(name)));
    let declared: String = files.map(|path| declared(&path)).collect();
    format!("all! {{\n{declared}}}\n")
}

fn declared(path: &Path) -> String {
    let code = std::fs::read_to_string(path).expect("a file of the folder can be read");
    let after = code.split_once("\nmalformed! {").map_or("", |(_, after)| after);
    let lines = after.lines().take_while(|line| !line.starts_with('}'));
    lines.map(|line| format!("{line}\n")).collect()
}

fn protocols(protocols: &[(String, PathBuf)]) -> String {
    let mut code = modules(protocols);
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
    /// The rows of all tables joined bit by bit: compared with a power of two, as good as those of the longest.
    pub fn rows(&self) -> usize {{ [{rows}].into_iter().fold(0, |all, rows| all | rows) }}
}}

/// The protocols of this folder; a protocol's number is its place here.
pub const PROTOCOLS: &[Declaration] = &[{declarations}];

/// The names of the reasons why their messages may be malformed.
#[cfg(test)]
const REASONS: &[&[&str]] = &[{reasons}];

/// The decoders of one worker, one per protocol in this folder.
#[derive(Debug, Default)]
pub struct AppDecoders {{ {decoders} }}

impl AppDecoders {{
    /// Gives a payload to a protocol by its number.
    #[inline]
    pub fn message(&mut self, protocol: u8, message: &Message<'_>, tables: &mut AppTables, ledger: &mut Ledger) -> Option<Malformed> {{
        {message}
        let _ = (protocol, message, tables, ledger);
        None
    }}

    /// Tells the decoders which columns anybody asked for.
    pub fn set_needs(&mut self, needs: &Needs) {{ {needs} }}
}}
",
        fields = each(&|name| format!("pub {name}: {name}::Messages, ")),
        names = each(&|name| format!("{name}::PROTOCOL.name, ")),
        table = each(&|name| format!("if name == {name}::PROTOCOL.name {{ return Some(&self.{name}); }}\n        ")),
        clear = each(&|name| format!("self.{name}.clear(); ")),
        reserve = each(&|name| format!("self.{name}.reserve(rows); ")),
        rows = each(&|name| format!("self.{name}.len(), ")),
        decoders = each(&|name| format!("pub {name}: {name}::Decoder, ")),
        declarations = each(&|name| format!("{name}::PROTOCOL, ")),
        reasons = each(&|name| format!("{name}::REASONS, ")),
        message = protocols.iter().enumerate().map(|(number, (name, _))| format!(
            "if protocol == {number} {{ return self.{name}.decode(message, &mut tables.{name}, ledger); }}\n        "
        )).collect::<String>(),
        needs = each(&|name| format!("self.{name}.set_needs(needs); ")),
    );
    code
}

fn flow_formats(formats: &[(String, PathBuf)]) -> String {
    let each = |line: &dyn Fn(&str) -> String| formats.iter().map(|(name, _)| line(name)).collect::<String>();
    format!(
        "{modules}
/// The decoders of one worker, one per format in this folder.
#[derive(Debug, Default)]
pub struct FlowFormats {{ {decoders} }}

impl FlowFormats {{
    /// Gives a datagram to the format that its first bytes name.
    pub fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {{
        {decode}
        Some(crate::decode::flow::UNKNOWN)
    }}
    pub fn settle(&mut self, now_ns: i64, ledger: &mut Ledger) {{ {settle} }}
    pub fn memory_bytes(&self) -> usize {{ let mut bytes = 0; {memory} bytes }}
}}
",
        modules = modules(formats),
        decoders = each(&|name| format!("pub {name}: {name}::Decoder, ")),
        decode = each(&|name| format!(
            "if {name}::Decoder::is_mine(datagram.payload) {{ return self.{name}.decode(datagram, records); }}\n        "
        )),
        settle = each(&|name| format!("self.{name}.settle(now_ns, ledger); ")),
        memory = each(&|name| format!("bytes += self.{name}.memory_bytes(); ")),
    )
}
