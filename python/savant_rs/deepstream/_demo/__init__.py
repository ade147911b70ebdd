"""Parts of the demonstration program ``python -m savant_rs.deepstream.demo``."""
