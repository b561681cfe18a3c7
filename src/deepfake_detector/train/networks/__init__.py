"""Networks trained here, one file per architecture. Each takes pixels in [0, 255] and gives (N, 4) logits."""
