//! Live interfaces through policies.

use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use pktvisor_core::Error;
use pktvisor_core::capture::{RingConfig, Target};
use pktvisor_core::decode::DecodeConfig;
use pktvisor_core::engine::{
    self, BatchSink, Capture, CaptureConfig, CaptureOrigin, DnstapServer, DnstapServerConfig, FlowListening,
    FlowServer, FlowServerConfig, FlowStreamServer, FlowStreamServerConfig, Machine, Netprobe, NetprobeConfig, Recent,
    Taking,
};
use pktvisor_core::hosts::Hosts;
use pktvisor_core::listen::datagrams::DatagramConfig;
use pktvisor_core::listen::streams::StreamAddress;
use pktvisor_core::netprobe::{self, Family, Host, Test, Timing};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::raise;
use crate::file::{HostRows, PortRows, decode_config};
use crate::filter::{self, Instructions};
use crate::handler::{Handler, beside_sinks};
use crate::memory::{self, Account};
use crate::policy::Policy;
use crate::usage;

/// An input at work: what happens now, until `stop`.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct LiveInput {
    inner: Inner,
}

enum Inner {
    Capture(Capture),
    Dnstap(engine::LiveInput),
    Flow(engine::LiveInput, FlowListening),
    /// With the number of its sockets for pings.
    Netprobe(engine::LiveInput, usize),
    FlowStreams(engine::LiveInput, u16),
}

impl std::ops::Deref for Inner {
    type Target = engine::LiveInput;

    fn deref(&self) -> &engine::LiveInput {
        match self {
            Self::Capture(capture) => capture,
            Self::Dnstap(input) | Self::Flow(input, _) | Self::FlowStreams(input, _) | Self::Netprobe(input, _) => {
                input
            }
        }
    }
}

/// Name, host (a name, or an address), TCP port, and the IP version that addresses of a name must have.
type TargetRow = (String, String, u16, Option<u8>);

fn target((name, host, port, version): TargetRow) -> netprobe::Target {
    let host = host.parse().map_or(Host::Name(host), Host::Address);
    let family = version.map(|version| if version == 6 { Family::V6 } else { Family::V4 });
    netprobe::Target { name, host, port, family }
}

impl Inner {
    /// The newest frames, where it has packets.
    fn recent(&self) -> Option<Recent> {
        match self {
            Self::Capture(capture) => Some(capture.recent()),
            _ => None,
        }
    }
}

type Sinks<'a> = dyn Fn() -> Vec<Box<dyn BatchSink>> + 'a;

/// The path of a Unix socket, or a host with a TCP port.
#[derive(FromPyObject)]
enum ListenAddress {
    Tcp(String, u16),
    Unix(std::path::PathBuf),
}

/// The wall clock of this machine, nanoseconds since 1970.
fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos().min(i64::MAX as u128) as i64)
}

/// The wall clock as it would be if nobody had set it since this was first asked.
fn steady_ns() -> i64 {
    static BOOT_NS: LazyLock<i64> = LazyLock::new(|| now_ns().saturating_sub(usage::since_boot_ns()));
    BOOT_NS.saturating_add(usage::since_boot_ns())
}

const MACHINE: Machine = Machine { usage: usage::usage, now_ns, steady_ns };

/// One worker without lookback.
fn config(source: CaptureOrigin, decode: DecodeConfig) -> CaptureConfig {
    let memory = memory::process().clone();
    CaptureConfig { source, decode, workers: 1, filter: None, lookback_bytes: 0, machine: MACHINE, memory }
}

/// What has the policies fed, and the handlers beside them.
struct Fed<'a, 'py> {
    policies: &'a [PyRef<'py, Policy>],
    sinks: Option<Vec<Bound<'py, PyAny>>>,
}

impl LiveInput {
    /// Starts what `open` opens, without the GIL.
    fn start(
        py: Python<'_>,
        fed: Fed<'_, '_>,
        open: impl FnOnce(Vec<Arc<engine::Policy>>, &Sinks<'_>) -> Result<Inner, Error> + Send,
    ) -> PyResult<Self> {
        usage::prepare();
        let policies = fed.policies.iter().map(|policy| Arc::clone(&policy.inner)).collect();
        let handlers = fed.sinks.unwrap_or_default().iter().map(Handler::new).collect::<PyResult<Vec<_>>>()?;
        let sinks = beside_sinks(py, handlers)?;
        Ok(Self { inner: py.detach(move || open(policies, &sinks)).map_err(raise)? })
    }

    fn start_capture(py: Python<'_>, config: CaptureConfig, fed: Fed<'_, '_>) -> PyResult<Self> {
        Self::start(py, fed, |policies, sinks| Ok(Inner::Capture(Capture::start(&config, policies, sinks)?)))
    }
}

impl Drop for LiveInput {
    /// Its handlers need the interpreter to come to their end.
    fn drop(&mut self) {
        Python::try_attach(|py| py.detach(|| self.inner.stop()));
    }
}

#[pymethods]
impl LiveInput {
    /// Opens the interface (a name, or `any`) and starts to feed the policies. `filters` run in the kernel,
    /// each on the frames of its link type; those of other link types do not pass. `lookback_bytes` is memory for the newest frames, of
    /// all workers together; 0 keeps none. `sinks` are handlers that get the batches, each in
    /// a thread of its own. `decapsulates` as in [`run_file`](crate::file::run_file).
    #[new]
    #[pyo3(signature = (interface, policies, *, hosts, ports=None, filters=None, promiscuous=true, workers=1, fanout_group=0, lookback_bytes=0, sinks=None, decapsulates=false))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        interface: &str,
        policies: Vec<PyRef<'_, Policy>>,
        hosts: HostRows,
        ports: Option<PortRows>,
        filters: Option<Vec<(u16, Instructions)>>,
        promiscuous: bool,
        workers: usize,
        fanout_group: u16,
        lookback_bytes: usize,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
        decapsulates: bool,
    ) -> PyResult<Self> {
        let ring = RingConfig {
            target: if interface == "any" { Target::Any } else { Target::Interface(interface.to_owned()) },
            filters: filters.map(filter::programs).transpose().map_err(raise)?,
            promiscuous,
            fanout: (workers > 1).then_some(fanout_group),
            ..RingConfig::default()
        };
        let decode = decode_config(hosts, ports, decapsulates);
        let config = CaptureConfig { workers, lookback_bytes, ..config(CaptureOrigin::Ring(ring), decode) };
        Self::start_capture(py, config, Fed { policies: &policies, sinks })
    }

    /// Starts to feed the policies with made-up DNS packets, one every 100 ms, the same from the same seed. The host is
    /// 192.168.0.1.
    #[staticmethod]
    #[pyo3(signature = (policies, *, seed, ports=None, lookback_bytes=0, sinks=None))]
    fn mock(
        py: Python<'_>,
        policies: Vec<PyRef<'_, Policy>>,
        seed: u64,
        ports: Option<PortRows>,
        lookback_bytes: usize,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        let config = CaptureConfig {
            lookback_bytes,
            ..config(CaptureOrigin::Mock { seed }, decode_config(Vec::new(), ports, false))
        };
        Self::start_capture(py, config, Fed { policies: &policies, sinks })
    }

    /// Starts to feed the policies with the made-up traffic of a site, the same from the same seed, at this rate over some
    /// minutes; `kinds` are of `traffic_kinds`. `hosts` are those that directions are told by.
    #[staticmethod]
    #[pyo3(signature = (policies, *, seed, packets_per_second, kinds, hosts, compile_filter=None, lookback_bytes=0, sinks=None))]
    #[allow(clippy::too_many_arguments)]
    fn traffic(
        py: Python<'_>,
        policies: Vec<PyRef<'_, Policy>>,
        seed: u64,
        packets_per_second: u32,
        kinds: Vec<String>,
        hosts: HostRows,
        compile_filter: Option<Py<PyAny>>,
        lookback_bytes: usize,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        let traffic = crate::traffic::config(seed, packets_per_second, &kinds)?;
        let filter = compile_filter.map(filter::source);
        let origin = config(CaptureOrigin::Traffic(traffic), decode_config(hosts, None, false));
        let config = CaptureConfig { lookback_bytes, filter, ..origin };
        Self::start_capture(py, config, Fed { policies: &policies, sinks })
    }

    /// Listens for servers that tell of their messages by dnstap, on a Unix socket (a path) or by TCP (a host and a port), and
    /// feeds the policies. A socket that lies at the path is replaced. Only messages with an end in the networks of `only_hosts`
    /// count, where it is given.
    #[staticmethod]
    #[pyo3(signature = (policies, address, *, only_hosts=None, sinks=None))]
    fn dnstap(
        py: Python<'_>,
        policies: Vec<PyRef<'_, Policy>>,
        address: ListenAddress,
        only_hosts: Option<HostRows>,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        let address = match address {
            ListenAddress::Unix(path) => StreamAddress::Unix(path),
            ListenAddress::Tcp(host, port) => StreamAddress::Tcp(host, port),
        };
        let taking = Taking { only_hosts: only_hosts.map(Hosts::new), seed: crate::seed() };
        let config = DnstapServerConfig { address, taking, machine: MACHINE, memory: memory::process().clone() };
        Self::start(py, Fed { policies: &policies, sinks }, |policies, sinks| {
            Ok(Inner::Dnstap(DnstapServer::start(&config, policies, sinks)?))
        })
    }

    /// Listens for flow records by UDP on an address of this host, with a socket for each worker, and feeds the policies. What an
    /// exporter sends goes to one worker. `receive_buffer_bytes` is room in the kernel, of each socket; 0 is the system's.
    #[staticmethod]
    #[pyo3(signature = (policies, address, port, *, workers=1, receive_buffer_bytes=0, sinks=None))]
    fn flow(
        py: Python<'_>,
        policies: Vec<PyRef<'_, Policy>>,
        address: std::net::IpAddr,
        port: u16,
        workers: usize,
        receive_buffer_bytes: u32,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        let address = std::net::SocketAddr::new(address, port);
        let datagrams = DatagramConfig { address, sockets: workers, receive_buffer_bytes };
        let config =
            FlowServerConfig { datagrams, seed: crate::seed(), machine: MACHINE, memory: memory::process().clone() };
        Self::start(py, Fed { policies: &policies, sinks }, |policies, sinks| {
            let (input, listening) = FlowServer::start(&config, policies, sinks)?;
            Ok(Inner::Flow(input, listening))
        })
    }

    /// Listens for exporters of IPFIX that connect by TCP, and feeds the policies.
    #[staticmethod]
    #[pyo3(signature = (policies, address, port, *, sinks=None))]
    fn flow_streams(
        py: Python<'_>,
        policies: Vec<PyRef<'_, Policy>>,
        address: std::net::IpAddr,
        port: u16,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        let address = StreamAddress::Tcp(address.to_string(), port);
        let config = FlowStreamServerConfig {
            address,
            seed: crate::seed(),
            machine: MACHINE,
            memory: memory::process().clone(),
        };
        Self::start(py, Fed { policies: &policies, sinks }, |policies, sinks| {
            let (input, port) = FlowStreamServer::start(&config, policies, sinks)?;
            Ok(Inner::FlowStreams(input, port))
        })
    }

    /// Probes targets, each a name, a host, a port and perhaps an IP version, and feeds the policies: by pings with so many bytes of
    /// payload, or by TCP connections where `payload_bytes` is None. A test of a target begins every interval and sends so many
    /// `probes`, with a gap between them. RightsFault where the right to ping is missing.
    #[staticmethod]
    #[pyo3(signature = (policies, targets, *, payload_bytes, interval_ns, timeout_ns, probes, gap_ns, sinks=None))]
    #[allow(clippy::too_many_arguments)]
    fn netprobe(
        py: Python<'_>,
        policies: Vec<PyRef<'_, Policy>>,
        targets: Vec<TargetRow>,
        payload_bytes: Option<usize>,
        interval_ns: i64,
        timeout_ns: i64,
        probes: u32,
        gap_ns: i64,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        let config = NetprobeConfig {
            test: payload_bytes.map_or(Test::Connect, |payload_bytes| Test::Ping { payload_bytes }),
            timing: Timing { interval_ns, timeout_ns, probes, gap_ns },
            targets: targets.into_iter().map(target).collect(),
            seed: crate::seed(),
            machine: MACHINE,
            memory: memory::process().clone(),
        };
        Self::start(py, Fed { policies: &policies, sinks }, |policies, sinks| {
            let (input, ping_sockets) = Netprobe::start(&config, policies, sinks)?;
            Ok(Inner::Netprobe(input, ping_sockets))
        })
    }

    /// The port of flow records; where 0 was asked for, the one that the system chose.
    #[getter]
    fn port(&self) -> Option<u16> {
        match &self.inner {
            Inner::Flow(_, listening) => Some(listening.port),
            Inner::FlowStreams(_, port) => Some(*port),
            _ => None,
        }
    }

    /// Room in the kernel for flow records that wait, of each socket: what the system has granted.
    #[getter]
    fn receive_buffer_bytes(&self) -> Option<u32> {
        if let Inner::Flow(_, listening) = &self.inner { Some(listening.receive_buffer_bytes) } else { None }
    }

    /// Sockets for pings: one for each IP version that is probed and that there is.
    #[getter]
    fn ping_sockets(&self) -> Option<usize> {
        if let Inner::Netprobe(_, ping_sockets) = &self.inner { Some(*ping_sockets) } else { None }
    }

    /// Adds a policy. With lookback its first window starts with the oldest frame that is kept, at most a window's length ago;
    /// without, or where none is kept, with the next packets.
    #[pyo3(signature = (policy, *, with_lookback=false))]
    fn add(&self, py: Python<'_>, policy: &Policy, with_lookback: bool) {
        let policy = Arc::clone(&policy.inner);
        py.detach(|| match &self.inner {
            Inner::Capture(capture) if with_lookback => capture.add_with_lookback(policy),
            other => other.add(policy),
        });
    }

    fn remove(&self, py: Python<'_>, policy: &Policy) {
        let policy = Arc::clone(&policy.inner);
        py.detach(|| self.inner.remove(&policy));
    }

    /// Says anew which networks are the hosts that directions are told by.
    fn set_hosts(&self, py: Python<'_>, hosts: HostRows) {
        py.detach(|| {
            if let Inner::Capture(capture) = &self.inner {
                capture.set_hosts(Hosts::new(hosts));
            }
        });
    }

    /// Notes how many policies the input has now, and how many handlers they have together, for the table `resources`.
    fn note_policies(&self, py: Python<'_>, policies: u32, handlers: u32) {
        py.detach(|| self.inner.note_policies(policies, handlers));
    }

    /// Whether the capture is at work; False after `stop`, or when the interface is gone (see `fault`).
    fn is_running(&self, py: Python<'_>) -> bool {
        py.detach(|| self.inner.is_running())
    }

    /// What became of the packets so far, by name.
    fn ledger(&self, py: Python<'_>) -> std::collections::BTreeMap<&'static str, u64> {
        py.detach(|| self.inner.status().ledger.entries().collect())
    }

    /// What it holds of memory beside its policies: streams, fragments, lookback.
    #[getter]
    fn memory(&self) -> Account {
        Account { inner: self.inner.memory().clone() }
    }

    /// Why the capture ended by itself.
    fn fault(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.inner.status().fault.map(|fault| fault.message))
    }

    /// What just passed, as a pcapng file: the frames of the last `seconds` (None: all that are kept) that pass a filter,
    /// of all workers by time, the newest ones that fit into `most_bytes`. `compile_filter` gives a filter's
    /// instructions for a link type; `others` are inputs whose frames are among them. ConfigFault where no frames are kept.
    #[pyo3(signature = (*, seconds, compile_filter=None, most_bytes, now_ns, others=Vec::new()))]
    fn recent_packets<'py>(
        &self,
        py: Python<'py>,
        seconds: Option<u32>,
        compile_filter: Option<Py<PyAny>>,
        most_bytes: usize,
        now_ns: i64,
        others: Vec<PyRef<'py, Self>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let since_ns = seconds.map_or(i64::MIN, |seconds| now_ns.saturating_sub(i64::from(seconds) * 1_000_000_000));
        let filter = compile_filter.map(filter::source);
        let recent = others.iter().filter_map(|other| other.inner.recent()).fold(
            self.inner.recent().ok_or_else(|| raise(Error::invalid("this input has no packets")))?,
            |recent, other| recent.beside(&other),
        );
        let file = py.detach(|| recent.pcapng(since_ns, filter, most_bytes));
        Ok(PyBytes::new(py, &file.map_err(raise)?))
    }

    /// Why the capture has kept rights that it does not need; None where it has given them up.
    fn warning(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.inner.status().warning.map(|warning| warning.message))
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.inner.stop());
    }
}
