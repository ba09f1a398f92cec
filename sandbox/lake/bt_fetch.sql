-- Daily closes and volumes, from which the example's features are computed.
SELECT day, symbol, close, volume
FROM market.daily_bars
WHERE close > 0
