"""Cross-sectional features of daily bars."""
