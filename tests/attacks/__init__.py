"""Films made by code from photos of faces: heads that turn, and *simulated species* of attack presentations.

No camera took them. What is refused of them shows that a rule does what it was written for; it is no error rate of real
attacks, and no claim is built on it. Data sets of real attacks plug in through ``visavis evaluate pad``.
"""
