"""The local target: the same Azure services, imitated on one machine. It never imports `backup_core`."""
