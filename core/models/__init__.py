"""Models of the two horizons: training, forecasting from closed candles, storing."""
