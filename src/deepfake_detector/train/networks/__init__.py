"""Networks trained here, one file per architecture. Members take pixels in [0, 255] and give (N, 4) logits."""
