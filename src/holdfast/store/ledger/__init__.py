"""The ledger: an SQL index of run folders, comparisons and submissions. Files are the truth; it can be made anew."""
