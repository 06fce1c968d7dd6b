"""GNU Radio blocks for X-band satellite reception."""
