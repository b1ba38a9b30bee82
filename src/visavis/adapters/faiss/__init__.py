"""Search among millions: an exhaustive scan of short codes by FAISS, and the best of them compared anew."""
