"""Parts of the self-check ``python -m savant_rs.deepstream doctor``."""
