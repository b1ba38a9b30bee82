"""The REST doors and the pages: they translate, the flows decide."""
