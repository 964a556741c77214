"""Who is who on this machine: principals, the token issuer, the managed-identity endpoint, certificates."""
