"""The tables and figures of papers, made of a store, with the published numbers beside the measured ones."""
