"""Where a picture says it comes from: evidence beside the score, never inside it."""
