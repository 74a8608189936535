"""Market Pulse without a browser: exchanges, history, forecasts and their scores.

Nothing in this package imports dash, plotly or flask.
"""
