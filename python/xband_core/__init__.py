"""Kernels, missions, frames and wire format: everything that needs no GNU Radio."""
