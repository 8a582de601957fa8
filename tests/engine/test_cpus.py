"""Facts of the CPUs that a process may use."""

from __future__ import annotations

import os

import pytest

from landscape_engine import cpus


@pytest.fixture(autouse=True)
def many(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def test_a_process_bound_to_some_cpus_uses_these(tmp_path):
    assert cpus.available(tmp_path) == 8


def test_a_container_has_its_quota(tmp_path):
    (tmp_path / "cpu.max").write_text("350000 100000\n")
    assert cpus.available(tmp_path) == 4
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert cpus.available(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cpus.available(tmp_path) == 8


def test_an_older_kernel_says_it_elsewhere(tmp_path):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("200000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cpus.available(tmp_path) == 2
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert cpus.available(tmp_path) == 8


@pytest.mark.parametrize("asked, found", [("3", 3), ("2,4", 2), ("", 8), ("many", 8), ("99", 8)])
def test_openmp_is_asked(monkeypatch, tmp_path, asked, found):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert cpus.available(tmp_path) == found
