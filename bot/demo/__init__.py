"""`baro demo`: a sample run from issue to pull request on a GitHub that lives on this machine."""
