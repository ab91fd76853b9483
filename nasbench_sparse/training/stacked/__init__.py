"""Trains K small networks as one program of batched matrix products, each as if it were alone."""
