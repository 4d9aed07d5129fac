"""The door: who may call the offline AWS. Identities that it issued may, from this machine."""
