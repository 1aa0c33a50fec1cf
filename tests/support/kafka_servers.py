"""A real Kafka on loopback: one process (KRaft), its jars from Maven (see tests/kafka/run). It listens without TLS, and
with TLS, passwords and client certificates.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from support.daemon import eventually
from support.s3_servers import answers, free_ports

JARS = Path(__file__).parents[1] / "kafka" / "jars"
PATIENCE_S = 240.0
"""What it may take to start, a Java process on a loaded machine; and to be found again: who sends waits for up to a
minute between attempts, and a reader that was killed is missed after 45 seconds.
"""
USER, PASSWORD = "pktvisor", "a-secret-of-the-tests"
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{secured},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{secured}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_{user}="{password}";
"""


class KafkaServer:
    """A server, its files in a folder; `restart` begins anew what `kill` ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plain, self.secured, controller = free_ports(3)
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(folder / "ca.pem")
        write_pem(folder / "server.pem", self.authority.issue_cert("127.0.0.1"))
        write_pem(folder / "client.pem", self.authority.issue_cert("pktvisor.example"))
        ports = {"plain": self.plain, "secured": self.secured, "controller": controller}
        told = PROPERTIES.format(folder=folder, user=USER, password=PASSWORD, **ports)
        (folder / "server.properties").write_text(told)
        self._java("kafka.tools.StorageTool", "format", "--standalone", "-t", str(uuid.uuid4()), "-c").wait()
        self.restart()

    @property
    def url(self) -> str:
        """Where clients reach it over TLS."""
        return f"kafka+tls://127.0.0.1:{self.secured}"

    def _java(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        line = ["java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", name, *arguments]
        with (self.folder / "kafka.log").open("ab") as log:
            return subprocess.Popen([*line, str(self.folder / "server.properties")], stdout=log, stderr=log)

    def restart(self) -> None:
        self.process = self._java("kafka.Kafka")
        try:
            eventually(lambda: answers(self.plain) and answers(self.secured), PATIENCE_S)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def write_pem(path: Path, certificate: trustme.LeafCert) -> None:
    """Write a key and its certificate to one file, in forms that Java reads, too."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(path, append=True)


@contextmanager
def kafka_server(folder: Path) -> Iterator[KafkaServer]:
    """A server with files in a folder, until the end."""
    server = KafkaServer(folder)
    try:
        yield server
    finally:
        server.kill()
