"""Speed against peers: `python -m benchmarks` from the checkout. Not part of the installed package."""
