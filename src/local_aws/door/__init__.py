"""Who may call the offline AWS: a loopback address, and the signature of an identity that it
issued.
"""
