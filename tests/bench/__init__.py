"""Benchmarks, never timed tests: they print ratios measured in one run on one machine."""
