"""Carrying runs out on this machine: leases, the host that runs them, and what repairs lost rings."""
