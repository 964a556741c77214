"""The Backup Center's page: files that `make dashboard` built, and how to sign in to them. Anybody may have these; what
the page shows it asks the API for, as whoever signed in."""
