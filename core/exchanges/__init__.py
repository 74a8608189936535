"""Where candles and quotes come from: real exchanges and the simulated market."""
