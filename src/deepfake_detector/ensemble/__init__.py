"""From the members' logits to a calibrated score (``aggregate``) and a verdict (``policy``)."""
