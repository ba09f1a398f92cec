"""Models of cross-sectional returns, trained by Ray."""
