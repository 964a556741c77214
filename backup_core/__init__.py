"""The product. The way of a backup through it, as `file: function`:

    triggers/timers.py: tick                     at each full minute and in the gaps
    workflows/dispatch.py: dispatch              reads the head of the agenda; what is due goes into the queue `backup`
    triggers/queues.py: queue_blueprint          takes each message once or more, here or in another process
    workflows/job_kinds.py: run                  finds the step of its kind
    workflows/backup.py: start_backup            decides (domain/starting.py: decide), claims, asks Azure for a snapshot
    workflows/backup_observation.py: observe_backup   looks until it is usable, then records
    domain/points.py: new_point                  a recovery point, with its promise; the instance's row is its index
    workflows/watching.py: watch                 sends again what fell silent: a message, a host or an answer was lost
    workflows/retention.py: sweep                finds instances in which something has expired; the queue `retention`
    workflows/retention.py: expire_points        decides (domain/retention.py: decide_retention), deletes, records
    api/restores.py: restore                     POST .../restore, answered at once; the queue `requests`
    workflows/restore.py: start_restore          asks Azure for a disk made of the snapshot
    workflows/restore.py: observe_restore        looks until it is there

Each step may run twice, and may die between any two writes: the next run finds in the rows how far it came.
"""
