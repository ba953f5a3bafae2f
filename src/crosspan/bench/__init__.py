"""Benchmark suites: known data sets, run and shown beside the published figures."""
