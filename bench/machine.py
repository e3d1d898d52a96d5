"""What Linux tells about processes and cores, in seconds and bytes."""

import os
import re
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, all of its threads together."""
    return _used(Path(f"/proc/{pid}/stat").read_text())


def cpu_seconds_below(parent: int) -> float:
    """What a process and its children have used so far, including children that ended."""
    total = 0.0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = place.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if parent in (int(place.parent.name), int(stat.rpartition(")")[2].split()[1])):
            total += _used(stat, with_ended_children=True)
    return total


def peak_memory(pid: int) -> int:
    """The most memory a process ever had resident."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def busy_seconds() -> float:
    """What all cores together have worked so far, whoever asked for it."""
    user, nice, system, _idle, _wait, interrupts, soft, steal = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, interrupts, soft, steal))) * TICK


def _used(stat: str, *, with_ended_children: bool = False) -> float:
    fields = stat.rpartition(")")[2].split()  # the name may hold spaces; utime is field 14 of proc_pid_stat(5)
    return sum(map(int, fields[11 : 15 if with_ended_children else 13])) * TICK
