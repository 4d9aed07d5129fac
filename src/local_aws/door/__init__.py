"""Who may call the offline AWS: identities that it issued, from this machine."""
