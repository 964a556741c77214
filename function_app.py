"""The one name that the Functions host looks for. It only composes; see backup_core/app.py."""

import azure.functions as func

from backup_core.api.blueprint import api_blueprint
from backup_core.app import Services, set_log_levels
from backup_core.center.blueprint import center_blueprint
from backup_core.settings import host_checks_keys, public_url, wants_traces
from backup_core.triggers.admin import admin_blueprint, resume_blueprint
from backup_core.triggers.events import event_blueprint
from backup_core.triggers.queues import queue_blueprint
from backup_core.triggers.timers import timer_blueprint

set_log_levels()
services = Services(traced=wants_traces())
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(
    api_blueprint(
        services,
        public_url=public_url(),
        any_host=False,
        host_checks_keys=host_checks_keys(),
        observe=services.observe,
    )
)
app.register_functions(center_blueprint(services, observe=services.observe))
for blueprint in (timer_blueprint, queue_blueprint, event_blueprint, admin_blueprint, resume_blueprint):
    app.register_functions(blueprint(services))
