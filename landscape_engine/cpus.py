"""CPUs: the number that this process may use."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # where Linux says what a container may use


def available(cgroup: Path = CGROUP) -> int:
    """The number of CPUs that this process may keep busy: 1 or more.

    The machine's, but no more than its affinity (`taskset`, a farm's slot), a container's quota
    and `OMP_NUM_THREADS` allow.
    """
    limits = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        limits.append(len(os.sched_getaffinity(0)))
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if asked.isdigit():
        limits.append(int(asked))
    return max(1, min(*limits, _quota(cgroup)))


def _quota(cgroup: Path) -> int:
    """A container's whole CPUs, by version 2 or 1 of Linux's groups; a lot without one."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return 1 << 16
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max": no quota
        return 1 << 16
    return max(1, round(share)) if share > 0 else 1 << 16
