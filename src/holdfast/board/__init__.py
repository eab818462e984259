"""The local web page over run folders and the ledger: it shows, and runs nothing of what they hold."""
