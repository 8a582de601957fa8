"""Whom a farm listens to: TLS with certificates made on the spot, and bad input in a sentence."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import pytest

from landscape_engine.shell import cli

from . import certificates
from .conftest import LONG_S, tree, until


def tls_words(files: certificates.Files, ca: str = "--tls-ca") -> list[object]:
    return [ca, files.authority, "--tls-cert", files.certificate, "--tls-key", files.key]


def test_a_batch_over_tls_and_no_word_to_whom_has_no_certificate(farm, plates, tmp_path):
    folder, out = plates(2), tmp_path / "out"
    files, others = certificates.made(tmp_path / "ca"), certificates.make(tmp_path / "others")
    farm.protocol, farm.tls = "tls", tls_words(files, "--tls-ca-file")
    farm.scheduler()
    farm.worker()
    client = farm.client(folder, out, *tls_words(files))
    assert client.wait() == 0, client.err
    assert client.report()["counts"]["made"] == 2
    out = tmp_path / "others' out"
    strangers = [
        farm.client(folder, out, *words, "--wait", "0") for words in (tls_words(others), [])
    ]
    for stranger in strangers:
        assert stranger.wait() == 2, stranger.err
        assert "Traceback" not in stranger.err and "scheduler" in stranger.err.splitlines()[-1]
        assert not tree(out)


def test_workers_here_listen_on_this_machine_alone_and_speak_tls(farm, plates, tmp_path):
    """Who connects to one of their ports without the key gets no answer of Dask's."""
    import psutil

    folder, out = plates(1), tmp_path / "out"
    (folder / "plate00.job.json").write_text(json.dumps({"version": 1, "clip": {"frames": 20_000}}))
    client = farm.client(folder, out, "--workers", 1, local=True)
    until(lambda: list((out / ".landscape-batch").glob("*/begun.json")), "an item is begun")
    process = psutil.Process(client.process.pid)
    everyone = [process, *process.children(recursive=True)]
    ports = [c.laddr for p in everyone for c in p.net_connections() if c.status == "LISTEN"]
    assert ports and {address.ip for address in ports} == {"127.0.0.1"}
    ours = [c for p in everyone for c in p.net_connections() if c.status == "LISTEN"]
    strangers = [socket.create_connection(one.laddr, timeout=LONG_S) for one in ours]
    deadline = time.monotonic() + 2
    for stranger in strangers:
        with stranger:
            stranger.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                said = stranger.recv(64)  # a scheduler without TLS introduces itself
            except (TimeoutError, ConnectionError):
                said = b""
            assert b"compression" not in said


@pytest.mark.parametrize(
    "words, word",
    [
        (["--scheduler", "nonsense://x"], "expected tcp://HOST:PORT"),
        (["--scheduler", "tcp://127.0.0.1:1", "--wait", "0"], "can't be reached"),
        (["--scheduler", "tls://127.0.0.1:1", "--wait", "0"], "scheduler"),
        (["--scheduler", "tls://127.0.0.1:1", "--tls-ca", "/nowhere"], "--tls-ca is '/nowhere'"),
        (["--scheduler", "tls://127.0.0.1:1", "--tls-ca", __file__], "--tls-cert isn't given"),
        (["--attempts", "0"], "--attempts is 0"),
        (["--memory", "nan"], "no finite number"),
        (["--workers", "0"], "--workers is 0"),
        (["--root", "/nowhere"], "check --root"),
        (["--bundle", "/nowhere"], "check --bundle"),
        (["--job", "/nowhere.json"], "nowhere.json"),
    ],
)
def test_what_cannot_be_is_one_sentence(farm, plates, tmp_path, words, word):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "landscape_engine", "batch", plates(1), "--out", out, *words]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=LONG_S, cwd=tmp_path
    )
    assert done.returncode == 2
    assert word in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert not tree(out) if out.exists() else True


def test_without_dask_a_sentence_says_what_brings_it(plates, tmp_path, monkeypatch, capsys):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "distributed" else found(name)
    )
    assert cli.main(["batch", str(plates(1)), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "landscape-engine[farm]" in line
