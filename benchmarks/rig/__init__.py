"""What the benchmarks share: processes, the load, baselines and figures."""
