"""A small Azure Functions host for one machine: timers, queues, HTTP routes, Event Grid events.

One process is one instance. It loads an app directory through Microsoft's worker library (`azure_functions_runtime`)
and knows nothing else of the app. What it cannot imitate it says when it starts.
"""
